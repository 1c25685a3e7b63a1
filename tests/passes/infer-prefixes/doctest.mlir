// RUN: agentc-opt --agentc-infer-prefixes %s | FileCheck %s

agent.model @smol llm source("smollm2-135m-instruct")

agent.graph @review(%text: !agent.text) -> (!agent.text, !agent.text) {
  %a = agent.prompt "Read this report.\n{text}\nList its facts."(text = %text : !agent.text) : !agent.text
  %b = agent.prompt "Read this report.\n{text}\nList its gaps."(text = %text : !agent.text) : !agent.text
  // The default system message, the start of the user's, the rule, the report.
  // CHECK: agent.generate {{.*}} {prefix_group = 0 : i64, shared_pieces = 4 : i64}
  %facts = agent.generate @smol(%a) max_tokens(64)
  // CHECK: agent.generate {{.*}} {prefix_group = 0 : i64, shared_pieces = 4 : i64}
  %gaps = agent.generate @smol(%b) max_tokens(64)
  agent.return %facts, %gaps : !agent.text, !agent.text
}
