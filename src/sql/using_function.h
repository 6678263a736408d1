// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lotic/status.h"
#include "lotic/type.h"

namespace lotic::sql {

/// A function of the user that lives elsewhere, as one statement declares it.
struct ExternalFunction {
  std::string name;              ///< in lower case, as the function's endpoint is asked for it
  std::vector<Field> arguments;  ///< TIMESTAMP is TIMESTAMP(3)
  Field result{"result", Type::Bool()};
  std::string lambda;  ///< which endpoint: the name in lambda.<name>.url
};

inline constexpr size_t kMaxExternalFunctions = 100;  ///< of one statement; also the arguments of one, and the members of one ROW
inline constexpr int kMaxTypeDepth = 32;              ///< of ROW and ARRAY in one another

/// A statement that begins with functions: what they are, and the query.
struct UsingStatement {
  std::vector<ExternalFunction> functions;
  std::string query;  ///< the text with blanks in place of the front, so that positions in it are those of the whole
};

/// Reads the front of a statement, in Athena's two forms (any number of functions, words in any case, comments anywhere):
///   USING FUNCTION f(arg type, …) RETURNS type TYPE LAMBDA_INVOKE WITH (lambda_name = 'x')[, FUNCTION …] SELECT …
///   USING EXTERNAL FUNCTION f(arg type, …) RETURNS type LAMBDA 'x'[, EXTERNAL FUNCTION …] SELECT …
/// Types: BOOLEAN, TINYINT, SMALLINT, INT or INTEGER, BIGINT, REAL or FLOAT, DOUBLE, DECIMAL(p, s), VARCHAR or STRING, VARBINARY, DATE, TIMESTAMP, ARRAY(type),
/// ROW(name type, …). @return nothing for a text that does not begin so. Errors: Invalid with SqlErrorDetail (no such form; MAP and
/// TIMESTAMP WITH TIME ZONE, which Athena does not send; two functions of one name), NotImplemented (a name that SQL itself takes apart), CapacityError.
Result<std::optional<UsingStatement>> ParseUsingFunction(std::string_view text);

/// SET lambda.<name>.url = 'address', or RESET lambda.<name>.url. A name that is no word stands in double quotes.
struct LambdaSetting {
  std::string name;
  std::optional<std::string> url;  ///< none: RESET
};
/// Errors: Invalid with SqlErrorDetail (SET lambda… of another form).
Result<std::optional<LambdaSetting>> ParseLambdaSetting(std::string_view text);

}  // namespace lotic::sql
