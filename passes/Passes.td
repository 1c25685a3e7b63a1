//===- Passes.td - All passes, in the order they run -------*- tablegen -*-===//
//
// The table of contents of passes/. Every pass has one file of its name, one
// flag and one folder of tests; docs/generated/passes.md is made from this file
// and the doctests (tools/gen_pass_docs.py).
//
//===----------------------------------------------------------------------===//

#ifndef AGENTC_PASSES_TD
#define AGENTC_PASSES_TD

include "mlir/Pass/PassBase.td"

//===----------------------------------------------------------------------===//
// On the agent dialect
//===----------------------------------------------------------------------===//

def NormalizePass : Pass<"agentc-normalize", "::mlir::ModuleOp"> {
  let summary = "Brings a program into the form that all other passes expect.";
  let description = [{
    Folds and canonicalises, merges equal pure operations, removes what nobody
    uses (operations, models, tools, indexes, schemas), and gives every call
    what it lacks: a `site` number, from which its sampling seed is derived, and
    a `label`, by which plans and traces name it. Numbers and labels that are
    there stay as they are. Sampled calls are never merged.

    Precondition: no operation of the `stage` dialect.

    Postcondition: every `agent.generate` has a `site` that is unique in its
    graph; every call has a label; every symbol but the graphs has a user.

    (* example filepath=tests/passes/normalize/doctest.mlir *)
  }];
  let statistics = [
    Statistic<"numOpsErased", "ops-erased",
              "Operations that folding, merging and dead code left out">,
    Statistic<"numSymbolsErased", "symbols-erased",
              "Models, tools, indexes and schemas without a user">,
    Statistic<"numSitesSet", "sites-set", "Calls that got a site number">,
    Statistic<"numLabelsSet", "labels-set", "Calls that got a label">];
}

def SpecializePromptsPass
    : Pass<"agentc-specialize-prompts", "::mlir::ModuleOp"> {
  let summary = "Writes constants into prompt templates and drops inputs.";
  let description = [{
    A placeholder whose value is known becomes text between two `{|}`, a
    placeholder that is another prompt of one piece becomes that piece, and an
    input that no placeholder names goes. The token stream stays the same: a
    rewrite happens only when the new template is cut into the same pieces
    (a constant that ends in spaces can thus stay where it is).

    More constant text at the front of a prompt is what lets
    `agentc-infer-prefixes` find more to share.

    Precondition: none.
    Postcondition: no input of an `agent.prompt` is without a placeholder.

    (* example filepath=tests/passes/specialize-prompts/doctest.mlir *)
  }];
  let statistics = [
    Statistic<"numConstantsFolded", "constants-folded",
              "Placeholders that became text">,
    Statistic<"numPromptsFlattened", "prompts-flattened",
              "Placeholders that became a piece of the inner prompt">,
    Statistic<"numInputsDropped", "inputs-dropped",
              "Inputs that no placeholder names (any more)">];
}

def InferPrefixesPass : Pass<"agentc-infer-prefixes", "::mlir::ModuleOp"> {
  let summary = "Finds the calls whose token streams begin alike.";
  let description = [{
    Two calls share their leading pieces when the pieces have the same text and
    the same values, on the same model and behind the same session. A call in a
    loop, map or vote shares with itself the pieces whose values come from
    outside. Of the possible groups the one that saves most text is taken first;
    a call belongs to at most one group.

    Each member gets `prefix_group`, the group's number, and `shared_pieces`, the
    number of leading pieces of its token stream that the whole group shares (a
    scaffold is one piece). `agentc-hoist-prefixes` computes them once.

    Precondition: no operation of the `stage` dialect.
    Postcondition: the members of a group have equal `shared_pieces`.

    (* example filepath=tests/passes/infer-prefixes/doctest.mlir *)
  }];
  let options = [
    // A fork and one more prefill cost about as much as a few tokens of text.
    Option<"minChars", "min-chars", "unsigned", "16",
           "Least characters of text (a value counts as 256) for a group">];
  let statistics = [
    Statistic<"numGroups", "groups", "Groups of calls that share a prefix">,
    Statistic<"numMembers", "members", "Calls in a group">];
}

//===----------------------------------------------------------------------===//
// From the agent to the stage dialect
//===----------------------------------------------------------------------===//

def SplitCallsPass : Pass<"agentc-split-calls", "::mlir::ModuleOp"> {
  let summary = "Splits every call into the pieces of work that answer it.";
  let description = [{
    `generate` becomes `kv.open`, `tokenize`, `prefill` and `decode`; a session
    becomes a `!stage.kv` that flows where the session did, also through
    regions; `retrieve` becomes `encode` and `search`, or `search` alone when
    the query is an embedding; `rerank` becomes `score`, `embed` `encode`,
    `module` `stage.module`, and `call_tool` a `stage.call` that starts and a
    `stage.await` that waits. Control flow, data operations, `prompt`, `parse`
    and `await_event` stay.

    Tool calls that are not pure keep their order: each is `after` the one
    before it, and after everything before it that may throw, since an effect
    must not happen behind an error. That is more order than the program needs;
    `agentc-prune-false-edges` takes the excess away.

    Precondition: every session can be traced to `agent.open_session` on one
    model; an index's embedder has `embedding_dim` in its `dims`.
    Postcondition: no call of the `agent` dialect is left, every operation of
    the `stage` dialect has a unique `op_id`, and no KV value is extended twice.

    (* example filepath=tests/passes/split-calls/doctest.mlir *)
  }];
  let dependentDialects = ["::agentc::stage::StageDialect"];
  let statistics = [
    Statistic<"numCallsSplit", "calls-split", "Calls replaced by stages">,
    Statistic<"numForks", "forks", "Sessions forked because they go on twice">,
    Statistic<"numEdges", "edges", "Orders (`after`) put between calls">];
}

//===----------------------------------------------------------------------===//
// On the stage dialect
//===----------------------------------------------------------------------===//

def PruneFalseEdgesPass : Pass<"agentc-prune-false-edges", "::mlir::ModuleOp"> {
  let summary = "Removes waiting that the program's meaning does not need.";
  let description = [{
    Three kinds of edges go:
    - `after` between two tool calls whose declared `reads` and `writes` do not
      conflict, or that another edge implies; what lies behind a removed call
      is kept where it does conflict. A tool that declares neither conflicts
      with every tool that is not pure. A tool that writes nothing also need not
      wait for what may throw.
    - `agent.parallel`: its results would all wait for its slowest region.
      Its regions become straight-line code, in which each value is there as
      soon as it is known. One that throws, or that orders calls, stays.
    - a value (a session above all) that goes into a region and comes out of it
      unchanged: its users take it directly.

    Precondition: `agentc-split-calls` ran.
    Postcondition: each `after` is needed and not implied by another operand.

    (* example filepath=tests/passes/prune-false-edges/doctest.mlir *)
  }];
  let statistics = [
    Statistic<"numEdgesDropped", "edges-dropped", "Operands of after removed">,
    Statistic<"numParallelsInlined", "parallels-inlined",
              "Parallels turned into straight-line code">,
    Statistic<"numValuesForwarded", "values-forwarded",
              "Values taken around a region that does not change them">];
}

def SplitPrefillPass : Pass<"agentc-split-prefill", "::mlir::ModuleOp"> {
  let summary = "Prefills what is known of a prompt while the rest is awaited.";
  let description = [{
    A prompt that holds the result of a tool, a search, another call or a person
    is cut in front of the first placeholder that arrives later than what
    stands before it. The part in front becomes a `tokenize` and a `prefill` of
    its own, placed where its inputs are known. The cut is between two pieces,
    so the token stream is the same.

    Only waiting inside the same region counts: what a region takes from
    outside is there when it starts. A part that is only scaffold is not cut
    off: it is a handful of tokens.

    Precondition: `agentc-split-calls` ran.
    Postcondition: none.

    (* example filepath=tests/passes/split-prefill/doctest.mlir *)
  }];
  let options = [
    // Each cut is one more step of the engine, so few are worth it; prompts
    // that gather several slow results may gain from more.
    Option<"maxCuts", "max-cuts", "unsigned", "1", "Most cuts of one prompt">];
  let statistics = [
    Statistic<"numCuts", "cuts", "Prefills cut in two">];
}

#endif // AGENTC_PASSES_TD
