// RUN: agentc-opt --agentc-prune-false-edges %s | FileCheck %s

agent.tool @note(text: !agent.text) -> !agent.text class(idempotent) writes(["notes"])
agent.tool @mail(text: !agent.text) -> !agent.text class(irreversible) writes(["outbox"])

agent.graph @report(%text: !agent.text) -> (!agent.text, !agent.text) {
  // CHECK: %[[NOTE:.*]] = stage.call @note
  %note = stage.call @note(%text) : (!agent.text) -> !stage.handle<!agent.text>
  // The outbox has nothing to do with the notes.
  // CHECK: %[[MAIL:.*]] = stage.call @mail(%{{.*}}) :
  %mail = stage.call @mail(%text) after(%note) : (!agent.text), (!stage.handle<!agent.text>) -> !stage.handle<!agent.text>
  // The first note is still in front of the second, through the mail.
  // CHECK: stage.call @note(%{{.*}}) after(%[[NOTE]])
  %more = stage.call @note(%text) after(%mail) : (!agent.text), (!stage.handle<!agent.text>) -> !stage.handle<!agent.text>
  %a = stage.await %mail : !stage.handle<!agent.text>
  %b = stage.await %more : !stage.handle<!agent.text>
  agent.return %a, %b : !agent.text, !agent.text
}
