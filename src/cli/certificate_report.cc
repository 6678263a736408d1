// SPDX-License-Identifier: Apache-2.0
#include "cli/certificate_report.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "cli/byte_sink.h"
#include "scan/certificate.h"

namespace lotic::cli {

std::string SummaryLine(std::span<const TableCertificate> certificates, bool allow_partial) {
  std::string line = CertificateSummary(certificates);
  const bool complete = std::all_of(certificates.begin(), certificates.end(), [](const auto& table) { return table.complete; });
  if (!line.empty() && !complete && allow_partial) line += " (accepted by --allow-partial)";
  return line;
}

std::string DescribeCertificate(const TableCertificate& certificate) {
  std::string text = CertificateSummary(std::span(&certificate, 1));
  for (const auto& [name, value] : certificate.attributes) text += "; " + name + " " + value;
  for (const auto& split : certificate.partitions) {
    for (const auto& note : split.notes) text += "; partition " + split.partition + ": " + note;
  }
  return text;
}

Status WriteCertificateFile(const std::string& path, std::span<const TableCertificate> certificates) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (fd < 0) return Status::IOError("cannot write the certificate to ", path, ": ", std::strerror(errno));
  FdSink file(fd, path);
  LOTIC_RETURN_NOT_OK(file.Write(CertificatesToJson(certificates)));
  return file.Flush();
}

}  // namespace lotic::cli
