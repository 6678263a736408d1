#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Makes the stores of this folder anew. Needs openssl and keytool.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
printf '[req]\ndistinguished_name=dn\n[dn]\n' > "$work/conf"
key() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$work/$1.key"; }
key ca
openssl req -x509 -new -key "$work/ca.key" -sha256 -days 36500 -subj '/CN=Lotic Test CA' -config "$work/conf" \
  -addext 'basicConstraints=critical,CA:TRUE' -addext 'keyUsage=critical,keyCertSign,cRLSign' -out ca.pem
key client
openssl req -new -key "$work/client.key" -subj /CN=alice -config "$work/conf" -out "$work/client.csr"
openssl x509 -req -in "$work/client.csr" -CA ca.pem -CAkey "$work/ca.key" -CAcreateserial -CAserial "$work/serial" -days 36500 \
  -sha256 -out "$work/client.pem"
openssl pkcs12 -export -in "$work/client.pem" -inkey "$work/client.key" -certfile ca.pem -name client -passout pass:changeit \
  -out "$work/client.p12"
openssl pkcs12 -export -legacy -in "$work/client.pem" -inkey "$work/client.key" -certfile ca.pem -name client \
  -passout pass:changeit -out legacy.p12
rm -f keystore.jks truststore.jks truststore.p12
keytool -importkeystore -noprompt -srckeystore "$work/client.p12" -srcstoretype PKCS12 -srcstorepass changeit \
  -srcalias client -destkeystore keystore.jks -deststoretype JKS -deststorepass changeit -destkeypass other-password
keytool -importcert -noprompt -alias ca -file ca.pem -keystore truststore.jks -storetype JKS -storepass changeit
keytool -importcert -noprompt -alias ca -file ca.pem -keystore truststore.p12 -storetype PKCS12 -storepass changeit
