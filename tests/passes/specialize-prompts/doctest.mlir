// RUN: agentc-opt --agentc-specialize-prompts --canonicalize %s | FileCheck %s

agent.graph @ask(%question: !agent.text, %unused: !agent.text) -> !agent.text {
  %style = agent.constant "Be brief." : !agent.text
  // CHECK: agent.prompt "Rules:{|} Be brief.{|}\0AQuestion: {q}"(q = %{{.*}} : !agent.text)
  %prompt = agent.prompt "Rules: {style}\nQuestion: {q}"(style = %style : !agent.text,
    q = %question : !agent.text) : !agent.text
  agent.return %prompt : !agent.text
}
