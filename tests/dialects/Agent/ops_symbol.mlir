// Symbols: models, tools, indexes, schemas, graphs.
// RUN: agentc-opt %s | agentc-opt | FileCheck %s
// RUN: agentc-opt %s --mlir-print-op-generic | agentc-opt | FileCheck %s
// RUN: agentc-opt %s --emit-bytecode | agentc-opt | FileCheck %s

// CHECK: agent.model @smol llm source("smollm2-135m-instruct") {dims = {layers = 30 : i64}}
agent.model @smol llm source("smollm2-135m-instruct") {dims = {layers = 30}}
// CHECK: agent.model @minilm encoder source("all-minilm-l6-v2")
agent.model @minilm encoder source("all-minilm-l6-v2")

// CHECK: agent.tool @calc(expr: !agent.text) -> !agent.text class(pure)
agent.tool @calc(expr: !agent.text) -> !agent.text class(pure)
// CHECK: agent.tool @book(day: !agent.text, seats: i64) -> !agent.record<"Booking", id: !agent.text>
// CHECK-SAME: class(stageable) reads(["calendar"]) writes(["calendar"]) timeout_s(2.000000e+01) retries(2)
// CHECK-SAME: latency(#agent.dist<lognormal [4.000000e-01, 2.000000e+00] declared>)
// CHECK-SAME: cost_usd(1.000000e-03) doc("books a table")
agent.tool @book(day: !agent.text, seats: i64) -> !agent.record<"Booking", id: !agent.text>
  class(stageable) reads(["calendar"]) writes(["calendar"]) timeout_s(20.0) retries(2)
  latency(#agent.dist<lognormal [0.4, 2.0] declared>) cost_usd(1.0e-3) doc("books a table")

// CHECK: agent.index @docs source("docs/") embedder(@minilm) count(1200) chunk_tokens(128)
agent.index @docs source("docs/") embedder(@minilm) count(1200) chunk_tokens(128)

// CHECK: agent.schema @Plan : !agent.record<"Plan", steps: !agent.list<!agent.text>, n: i64>
// CHECK-SAME: json("{\22type\22: \22object\22}")
agent.schema @Plan : !agent.record<"Plan", steps: !agent.list<!agent.text>, n: i64> json("{\"type\": \"object\"}")

// CHECK: agent.graph @echo(%{{.*}}: !agent.text {agent.name = "question"}) -> !agent.text
// CHECK-SAME: attributes {budget = #agent.budget<usd = 2.000000e-02, tokens = 40000, wall_s = 6.000000e+01>,
// CHECK-SAME: result_names = ["answer"], sla = #agent.sla<p50_s = 1.000000e+00, availability = 7.500000e-01>}
agent.graph @echo(%question: !agent.text {agent.name = "question"}) -> (!agent.text)
    attributes {sla = #agent.sla<availability = 0.75, p50_s = 1.0>,
                budget = #agent.budget<usd = 0.02, tokens = 40000, wall_s = 60.0>,
                result_names = ["answer"]} {
  agent.return %question : !agent.text
}
