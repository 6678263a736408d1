// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

#include "lotic/scan.h"
#include "lotic/status.h"

namespace lotic::cli {

/// The line under a result: "read 1,204 of 96,000 records in 2 of 4 partitions, complete", and with `allow_partial` what an incomplete one
/// means. Empty without tables.
std::string SummaryLine(std::span<const TableCertificate> certificates, bool allow_partial);
/// One certificate with its notes, for the log.
std::string DescribeCertificate(const TableCertificate& certificate);
/// Writes the JSON document of --certificate. Errors: IOError, naming the file.
Status WriteCertificateFile(const std::string& path, std::span<const TableCertificate> certificates);

}  // namespace lotic::cli
