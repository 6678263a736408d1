// SPDX-License-Identifier: Apache-2.0
#include "cli/shell.h"

#include <histedit.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <cwchar>
#include <string>
#include <vector>

#include "cli/display_width.h"
#include "cli/error_report.h"
#include "cli/exit_code.h"
#include "cli/history_file.h"
#include "cli/script_feed.h"

namespace lotic::cli {
namespace {

constexpr size_t kMaxListedWords = 100;  // completion shows no more
char kPrompt[] = "lotic> ";
char kContinuationPrompt[] = "  ...> ";

// One shell, on libedit. The static functions are libedit's callbacks; they find the shell through its client data.
class Shell {
 public:
  Shell(ScriptRunner& runner, const Console& console)
      : runner_(runner),
        console_(console),
        interrupts_(runner.session().interrupts()),
        feed_([this](const std::string& text) { return runner_.session().engine().SplitStatements(text); }),
        history_file_(HistoryFile::DefaultPath()) {
    interrupts_.GuardTerminal(console.in);
    editor_ = el_init("lotic", stdin, console.out_terminal ? stdout : stderr, stderr);
    LOTIC_CHECK(editor_ != nullptr);
    el_set(editor_, EL_CLIENTDATA, this);
    el_set(editor_, EL_PROMPT, &Shell::Prompt);
    el_set(editor_, EL_EDITOR, "emacs");
    el_wset(editor_, EL_GETCFN, &Shell::ReadCharacter);
    el_set(editor_, EL_ADDFN, "lotic-complete", "completes keywords, tables and columns", &Shell::CompleteKey);
    el_set(editor_, EL_BIND, "^I", "lotic-complete", nullptr);
    el_set(editor_, EL_BIND, "^R", "em-inc-search-prev", nullptr);
    history_ = history_init();
    LOTIC_CHECK(history_ != nullptr);
    HistEvent event;
    history(history_, &event, H_SETSIZE, static_cast<int>(HistoryFile::kMaxEntries));
    history(history_, &event, H_SETUNIQUE, 1);
    el_set(editor_, EL_HIST, history, history_);
    el_source(editor_, nullptr);  // the user's own ~/.editrc wins
    LoadHistory();
  }

  ~Shell() {
    history_end(history_);
    el_end(editor_);
    interrupts_.RestoreTerminal();
  }
  Shell(const Shell&) = delete;
  Shell& operator=(const Shell&) = delete;

  int Run() {
    while (!runner_.quit()) {
      interrupted_ = false;
      interrupts_.DrainWake();
      el_resize(editor_);
      int length = 0;
      const char* line = el_gets(editor_, &length);
      if (interrupted_) {
        console_.Say("^C\n");
        feed_.DropOpen();
        entry_.clear();
        el_reset(editor_);
        continue;
      }
      if (line == nullptr || length <= 0) {
        console_.Say("\n");
        return kExitOk;
      }
      std::string_view text(line, static_cast<size_t>(length));
      if (text.back() == '\n') text.remove_suffix(1);
      if (!Take(text)) return kExitOk;
    }
    return kExitOk;
  }

 private:
  // Runs what a line completes; false when nobody reads what we write.
  bool Take(std::string_view line) {
    if (!entry_.empty()) entry_ += '\n';
    entry_ += line;
    const auto pieces = feed_.Line(line);
    if (feed_.open_text().empty()) Remember();
    for (const auto& piece : pieces) {
      const Status status = piece.is_command ? runner_.RunCommand(piece.text) : runner_.session().Run(piece.text);
      if (IsBrokenPipe(status)) return false;
      if (status.IsCancelled() || runner_.quit()) break;  // what follows on the line was meant to run after it
    }
    return true;
  }

  void Remember() {
    if (entry_.find_first_not_of(" \t\n") != std::string::npos) {
      HistEvent event;
      history(history_, &event, H_ENTER, entry_.c_str());
      const Status saved = history_file_.Add(entry_);
      if (!saved.ok() && !std::exchange(history_failed_, true)) console_.SayLine("warning: " + saved.message());
    }
    entry_.clear();
  }

  void LoadHistory() {
    const auto entries = history_file_.Load();
    if (!entries.ok()) {
      console_.SayLine("warning: " + entries.status().message());
      return;
    }
    HistEvent event;
    for (const auto& entry : *entries) history(history_, &event, H_ENTER, entry.c_str());
  }

  static Shell& Of(EditLine* editor) {
    Shell* shell = nullptr;
    el_get(editor, EL_CLIENTDATA, &shell);
    return *shell;
  }

  static char* Prompt(EditLine* editor) { return Of(editor).feed_.open_text().empty() ? kPrompt : kContinuationPrompt; }

  // One character from the terminal, or -1 after Ctrl-C, which a plain read would sleep through.
  static int ReadCharacter(EditLine* editor, wchar_t* character) {
    Shell& shell = Of(editor);
    std::mbstate_t state{};
    while (true) {
      pollfd ready[] = {{shell.console_.in, POLLIN, 0}, {shell.interrupts_.wake_fd(), POLLIN, 0}};
      if (::poll(ready, 2, -1) < 0) {
        if (errno == EINTR) continue;
        return -1;
      }
      if ((ready[1].revents & POLLIN) != 0) {
        shell.interrupted_ = true;
        errno = EINTR;
        return -1;
      }
      char byte = 0;
      const ssize_t got = ::read(shell.console_.in, &byte, 1);
      if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
      if (got <= 0) return static_cast<int>(got);
      const size_t used = std::mbrtowc(character, &byte, 1, &state);
      if (used == static_cast<size_t>(-2)) continue;  // a character of several bytes, not yet whole
      if (used == static_cast<size_t>(-1)) *character = L'\xFFFD';
      return 1;
    }
  }

  static unsigned char CompleteKey(EditLine* editor, int) { return Of(editor).Complete(); }

  unsigned char Complete() {
    const LineInfo* info = el_line(editor_);
    const std::string line(info->buffer, static_cast<size_t>(info->cursor - info->buffer));
    std::vector<std::string> words;
    size_t start = 0;  // in the text
    std::string text = feed_.open_text() + line;
    if (feed_.open_text().empty() && !line.empty() && line[0] == '.' && line.find(' ') == std::string::npos) {
      for (auto& name : ScriptRunner::CommandNames()) {
        if (name.compare(0, line.size(), line) == 0) words.push_back(std::move(name));
      }
    } else {
      words = runner_.session().engine().Complete(text, &start);
    }
    if (words.empty() || start > text.size()) return CC_REFRESH_BEEP;
    const std::string typed = text.substr(start);
    if (words.size() == 1) return Replace(typed, words[0] + (words[0].back() == '"' || words[0].back() == ' ' ? "" : " "));
    const std::string common = CommonPrefix(words);
    if (common.size() > typed.size()) return Replace(typed, common);
    List(words);
    return CC_REDISPLAY;
  }

  unsigned char Replace(const std::string& typed, const std::string& word) {
    const auto characters = std::count_if(typed.begin(), typed.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
    if (characters > 0) el_deletestr(editor_, static_cast<int>(characters));
    return el_insertstr(editor_, word.c_str()) == 0 ? CC_REFRESH : CC_REFRESH_BEEP;
  }

  static std::string CommonPrefix(const std::vector<std::string>& words) {
    std::string common = words[0];
    for (const auto& word : words) {
      const auto end = std::mismatch(common.begin(), common.end(), word.begin(), word.end()).first;
      common.erase(end, common.end());
    }
    while (!common.empty() && (static_cast<unsigned char>(common.back()) & 0xC0) == 0x80) common.pop_back();  // no half characters
    return common;
  }

  void List(const std::vector<std::string>& words) {
    const size_t shown = std::min(words.size(), kMaxListedWords);
    size_t width = 0;
    for (size_t i = 0; i < shown; ++i) width = std::max(width, DisplayWidth(words[i]) + 2);
    const size_t columns = std::max<size_t>(1, std::max<size_t>(console_.err_width(), 40) / std::max<size_t>(width, 1));
    std::string out = "\n";
    for (size_t i = 0; i < shown; ++i) {
      const std::string word = Printable(words[i]);
      out += word + std::string(width > DisplayWidth(word) ? width - DisplayWidth(word) : 0, ' ');
      if ((i + 1) % columns == 0 || i + 1 == shown) out += "\n";
    }
    if (shown < words.size()) out += "and " + std::to_string(words.size() - shown) + " more\n";
    console_.Say(out);
  }

  ScriptRunner& runner_;
  const Console& console_;
  Interrupts& interrupts_;
  ScriptFeed feed_;
  HistoryFile history_file_;
  bool history_failed_ = false;
  bool interrupted_ = false;
  std::string entry_;  // the lines of the open statement, for the history
  EditLine* editor_ = nullptr;
  History* history_ = nullptr;
};

}  // namespace

int RunShell(ScriptRunner& runner, const Console& console) {
  Interrupts& interrupts = runner.session().interrupts();
  interrupts.SetMode(Interrupts::Mode::kPrompt);
  int code = kExitOk;
  {
    Shell shell(runner, console);
    code = shell.Run();
  }
  interrupts.SetMode(Interrupts::Mode::kCommand);
  return code;
}

}  // namespace lotic::cli
