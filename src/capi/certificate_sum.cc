// SPDX-License-Identifier: Apache-2.0
#include "capi/certificate_sum.h"

#include <utility>

#include "scan/certificate.h"

namespace lotic::capi {

Result<TableCertificate> SumCertificates(const Prepared& plan, std::span<const SplitStart> splits, std::vector<std::optional<SplitCertificate>> read) {
  if (read.size() != splits.size()) return Status::Invalid(read.size(), " certificates for ", splits.size(), " splits");
  std::vector<SplitCertificate> certificates;
  size_t missing = 0;
  for (size_t i = 0; i < splits.size(); ++i) {
    const Split& split = splits[i].split;
    if (!read[i]) {
      ++missing;
      certificates.push_back(UnreadCertificate(split, false, EndReason::kNone));
      certificates.back().complete = false;
      certificates.back().notes.push_back("its certificate is missing");
      continue;
    }
    if (read[i]->partition != split.partition || read[i]->planned_start != split.start || read[i]->planned_end != split.end) {
      return Status::Invalid("certificate ", i, " is of partition ", read[i]->partition, " from ", read[i]->planned_start.text, ", split ", i, " of partition ",
                             split.partition, " from ", split.start.text);
    }
    if (read[i]->read_start != split.start) {  // of a reader that began at a position: what lies before it is somebody else's to certify
      read[i]->complete = false;
      read[i]->notes.push_back("read from " + read[i]->read_start.text + " only");
    }
    certificates.push_back(*std::move(read[i]));
  }
  TableCertificate table = MakeTableCertificate(plan, std::move(certificates));
  if (missing > 0) table.reason = std::to_string(missing) + " of " + std::to_string(splits.size()) + " certificates missing";
  return table;
}

}  // namespace lotic::capi
