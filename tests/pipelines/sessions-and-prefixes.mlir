// RUN: agentc-opt --agentc-lower-to-stage %s | FileCheck %s
// From calls to verified stages: a shared prefix is computed once, a tool is
// waited for with the sequence parked, and each snapshot has its end.

agent.model @smol llm source("smollm2-135m-instruct") {dims = {layers = 30, d_model = 576, heads = 9, kv_heads = 3, head_dim = 64, ffn = 1536, vocab = 49152, params = 134515008, weight_bytes = 269030016, context = 8192}}
agent.tool @search(q: !agent.text) -> !agent.text class(pure) latency(#agent.dist<lognormal [1.0, 4.0] declared>)

// CHECK-LABEL: agent.graph @chat
// CHECK-NOT: agent.generate
// CHECK: stage.kv.open @smol session "chat"
// CHECK: agent.loop
// CHECK: stage.decode {{.*}}may_retry, may_speculate{{.*}}work = #stage.work<flops = {{.*}}work_p95 =
// CHECK: %[[P:.*]] = stage.kv.park {{.*}} idle(#agent.dist<lognormal
// CHECK: stage.await
// CHECK: stage.kv.resume %[[P]] after(
// CHECK: stage.kv.close
// CHECK: %[[SHARED:.*]] = stage.prefill
// CHECK: agent.map
// CHECK: stage.kv.fork %[[SHARED]]
// CHECK: stage.kv.close
// CHECK: agent.yield
// CHECK: stage.kv.close %[[SHARED]]
agent.graph @chat(%q: !agent.text, %qs: !agent.list<!agent.text>) -> (!agent.text, !agent.list<!agent.text>) {
  %s0 = agent.open_session @smol "chat" -> !agent.session
  %a, %s1 = agent.loop (%i, %x = %q : !agent.text, %s = %s0 : !agent.session) max_iters(3) p_stop(0.5) -> (!agent.text, !agent.session) {
    %p = agent.prompt "Next step for {x}?"(x = %x : !agent.text) : !agent.text
    %t, %s2 = agent.generate @smol(%p) session(%s) max_tokens(64)
    %c = agent.constant "DONE" : !agent.text
    %done = agent.compare contains %t, %c : !agent.text
    agent.break_if %done, %t, %s2 : !agent.text, !agent.session
    %r = agent.call_tool @search(%t) : (!agent.text) -> !agent.text
    agent.yield %r, %s2 : !agent.text, !agent.session
  }
  %l = agent.map %qs : !agent.list<!agent.text> -> (!agent.list<!agent.text>) {
  ^bb0(%i: i64, %y: !agent.text):
    %p = agent.prompt "Judge with great care whether this is true: {y}"(y = %y : !agent.text) : !agent.text
    %z = agent.generate @smol(%p) max_tokens(4) temperature(0.5)
    agent.yield %z : !agent.text
  }
  agent.return %a, %l : !agent.text, !agent.list<!agent.text>
}
