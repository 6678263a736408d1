// SPDX-License-Identifier: Apache-2.0
import java.util.*;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;

/** BrokerLogin BOOTSTRAP AUTHORITY_PEM USER PASSWORD: logs in by every mechanism, rightly and wrongly. */
public class BrokerLogin {
    public static void main(String[] args) throws Exception {
        for (String mechanism : List.of("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")) {
            System.out.println(mechanism + ": " + logIn(args, mechanism, args[3]));
            System.out.println(mechanism + " with a wrong password: " + logIn(args, mechanism, args[3] + "x"));
        }
    }

    static String logIn(String[] args, String mechanism, String password) throws Exception {
        String module = mechanism.equals("PLAIN") ? "plain.PlainLoginModule" : "scram.ScramLoginModule";
        Map<String, Object> settings = new HashMap<>();
        settings.put("bootstrap.servers", args[0]);
        settings.put("security.protocol", "SASL_SSL");
        settings.put("ssl.truststore.type", "PEM");
        settings.put("ssl.truststore.location", args[1]);
        settings.put("sasl.mechanism", mechanism);
        settings.put("sasl.jaas.config", "org.apache.kafka.common.security." + module + " required username=\"" + args[2] + "\" password=\"" + password + "\";");
        settings.put("request.timeout.ms", 15000);
        settings.put("default.api.timeout.ms", 20000);
        try (Admin admin = Admin.create(settings)) {
            admin.listTopics().names().get();
            return "in";
        } catch (ExecutionException failed) {
            return failed.getCause().getClass().getSimpleName();
        }
    }
}
