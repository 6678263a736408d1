// SPDX-License-Identifier: Apache-2.0
#include "server/router.h"

#include <algorithm>
#include <memory>
#include <set>
#include <utility>

namespace lotic::server {
namespace {

bool IsWord(const std::string& segment) { return segment.size() > 2 && segment.front() == '{' && segment.back() == '}'; }

std::vector<std::string> Segments(std::string_view pattern) {
  std::vector<std::string> segments;
  while (pattern.size() > 1) {
    const size_t slash = pattern.find('/', 1);
    segments.emplace_back(pattern.substr(1, slash == std::string_view::npos ? slash : slash - 1));
    pattern = slash == std::string_view::npos ? std::string_view() : pattern.substr(slash);
  }
  return segments;
}

bool Matches(const Route& route, const std::vector<std::string>& path) {
  return route.segments.size() == path.size() &&
         std::equal(path.begin(), path.end(), route.segments.begin(),
                    [](const std::string& given, const std::string& wanted) { return IsWord(wanted) || given == wanted; });
}

/// Whether `a` is the narrower of two patterns that match one path: a literal where the other has a word, the first such place counting.
bool Narrower(const Route& a, const Route& b) {
  for (size_t i = 0; i < a.segments.size(); ++i) {
    if (IsWord(a.segments[i]) != IsWord(b.segments[i])) return IsWord(b.segments[i]);
  }
  return false;
}

std::string PathText(const std::vector<std::string>& path) {
  std::string text;
  for (const std::string& segment : path) text += "/" + segment;
  return text.empty() ? "/" : text;
}

}  // namespace

void Router::Add(Route route) {
  route.segments = Segments(route.pattern);
  LOTIC_CHECK(route.handler != nullptr && !route.pattern.empty() && route.pattern[0] == '/');
  for (const Route& other : routes_) LOTIC_CHECK(other.method != route.method || other.pattern != route.pattern);
  routes_.push_back(std::move(route));
}

Result<const Route*> Router::Find(HttpRequest* request) const {
  const Route* best = nullptr;
  std::set<std::string> methods;
  for (const Route& route : routes_) {
    if (!Matches(route, request->path)) continue;
    methods.insert(route.method);
    // A route of its own for HEAD goes before the one of GET.
    const bool exact = route.method == request->method;
    const bool head = request->method == "HEAD" && route.method == "GET";
    if (!exact && !head) continue;
    if (best == nullptr || Narrower(route, *best) || (!Narrower(*best, route) && exact)) best = &route;
  }
  if (best == nullptr && methods.empty()) {
    return Status(StatusCode::kNotFound, "there is no " + PathText(request->path) + " here; GET / lists what there is",
                  std::make_shared<HttpStatusDetail>(404));
  }
  if (best == nullptr) {
    std::string list;
    for (const std::string& method : methods) list += (list.empty() ? "" : ", ") + method;
    return Status(StatusCode::kInvalid, PathText(request->path) + " is asked by " + list + ", not by " + request->method,
                  std::make_shared<HttpStatusDetail>(405));
  }
  request->parameters.clear();
  for (size_t i = 0; i < best->segments.size(); ++i) {
    const std::string& segment = best->segments[i];
    if (IsWord(segment)) request->parameters.emplace_back(segment.substr(1, segment.size() - 2), request->path[i]);
  }
  return best;
}

}  // namespace lotic::server
