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

def HoistPrefixesPass : Pass<"agentc-hoist-prefixes", "::mlir::ModuleOp"> {
  let summary = "Computes a prefix once that several calls share, by forking.";
  let description = [{
    The calls of a `prefix_group` take a `stage.kv.fork` of one prefilled
    snapshot and prefill only what is their own. The prefix is computed as far
    out as its values are there: before a loop, map or vote that would compute
    it in each iteration, before a cond or switch when each of its regions needs
    it. A prefix that only some region of a branch needs stays in it, unless
    that takes it out of a loop.

    Exact: the template is cut between two pieces, each of which is tokenised
    alone, and every piece of the prefix is the same text or the same SSA value
    in all members. The annotation only proposes; what differs is not shared.

    Reads (and takes off) `prefix_group` and `shared_pieces` of
    `agentc-infer-prefixes`. Attaches nothing.

    Precondition: `agentc-split-calls` ran.
    Postcondition: no `prefix_group` is left; the sequence of each call has the
    same tokens as before.

    (* example filepath=tests/passes/hoist-prefixes/doctest.mlir *)
  }];
  let statistics = [
    Statistic<"numPrefixes", "prefixes", "Prefixes computed once">,
    Statistic<"numCallsShared", "calls-shared", "Calls that fork a prefix">];
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

//===----------------------------------------------------------------------===//
// On the stage dialect: sharing, lifetimes, marks and work
//===----------------------------------------------------------------------===//

def PlaceKvLifetimesPass
    : Pass<"agentc-place-kv-lifetimes", "::mlir::ModuleOp"> {
  let summary = "Parks sequences while others are waited for, and closes them.";
  let description = [{
    A sequence whose next use builds on the result of a tool or a person is
    parked behind the use before, and resumed when the result is there. `idle`
    is the longest latency among the tools waited for, left out when one of them
    (or a person) declares none; `steps_to_use` is the number of stages between.
    `stage.kv.close` comes after the last use on every path on which nobody
    extends the snapshot or hands it on. A path that throws, and an iteration
    that breaks, give up what they own without a close.

    `idle` and `steps_to_use` are read by the runtime's policies for waiting and
    evicted sequences.

    Precondition: `agentc-split-calls` ran; a snapshot is extended at most once.
    Postcondition: on every path that ends regularly each snapshot is extended,
    handed on or closed exactly once.

    (* example filepath=tests/passes/place-kv-lifetimes/doctest.mlir *)
  }];
  let options = [
    // Keeping pages for a few milliseconds is cheaper than deciding about them.
    Option<"minIdleS", "min-idle-s", "double", "0.01",
           "Shortest known wait (95th percentile, seconds) worth a park">];
  let statistics = [
    Statistic<"numParks", "parks", "Sequences parked during a wait">,
    Statistic<"numCloses", "closes", "Snapshots closed">];
}

def MarkEffectsPass : Pass<"agentc-mark-effects", "::mlir::ModuleOp"> {
  let summary = "Marks what may be repeated after a fault or started early.";
  let description = [{
    A tool's class decides: pure, both; idempotent and stageable, retry only;
    irreversible, neither. Work on models may be repeated and started early (a
    sampled decode has a seed of its own), but a streamed decode does not start
    early, since a client reads it; nor does what parks, moves or closes a
    sequence.

    `may_retry` is read by the runtime's attempts, `may_speculate` by its
    speculation policies.

    Precondition: `agentc-split-calls` ran.
    Postcondition: marks are exactly those that this rule gives.

    (* example filepath=tests/passes/mark-effects/doctest.mlir *)
  }];
  let statistics = [
    Statistic<"numRetryable", "retryable", "Stages that may be repeated">,
    Statistic<"numSpeculable", "speculable", "Stages that may start early">];
}

def AnnotateWorkPass : Pass<"agentc-annotate-work", "::mlir::ModuleOp"> {
  let summary = "Attaches the expected and the 95th percentile work of stages.";
  let description = [{
    Evaluates `WorkOpInterface` with the token counts that the program implies:
    declared distributions (`out_tokens`, `agent.tokens` and `agent.items` of a
    graph's arguments, `width`, `iters`, `p_stop`, `p_true`), `k` and
    `chunk_tokens` of retrieval, and templates, of which 4 characters make a
    token unless `token_count` (set by the compiler, which has the tokenizer)
    says how many tokens its fixed pieces have. A value that a loop carries is
    taken at its mean over the iterations, or at the last.

    Attached: `work` and `work_p95`, of one execution, read by the planner and
    copied into the plan; `est_tokens` = {context, in, out}, the mean counts
    behind `work`, read by the planner's batching and queueing model. A stage
    whose work depends on what nobody declared (a model without `dims`, an index
    without `count`) gets no `work`: unknown is not zero.

    Precondition: `agentc-split-calls` ran.
    Postcondition: every stage has `est_tokens`, and `work` where it is known.

    (* example filepath=tests/passes/annotate-work/doctest.mlir *)
  }];
  let options = [
    // The pages of the engines that are compiled today are f32.
    Option<"kvElementBytes", "kv-element-bytes", "double", "4.0",
           "Bytes of one KV element">,
    // A question or an argument; where it matters the user declares it.
    Option<"textTokens", "text-tokens", "unsigned", "64",
           "Tokens of a text that nothing is known about">,
    // Plans of agents list a handful of steps.
    Option<"listItems", "list-items", "unsigned", "4",
           "Items of a list that nothing is known about">,
    // The default chunk of the indexer.
    Option<"passageTokens", "passage-tokens", "unsigned", "128",
           "Tokens of a passage of an index without chunk_tokens">];
  let statistics = [
    Statistic<"numAnnotated", "annotated", "Work attributes attached">,
    Statistic<"numUnknown", "unknown", "Work left unknown">];
}

def VerifyStagesPass : Pass<"agentc-verify-stages", "::mlir::ModuleOp"> {
  let summary = "Refuses stages that break a rule spanning operations.";
  let description = [{
    Refused: a call of the `agent` dialect that was not split; an operation
    without an `op_id`, or two with one; a snapshot that is extended, handed on
    or closed twice on one path, extended in each iteration from outside, or
    used after its close. What a single operation can see, its verifier refuses.

    Precondition: `agentc-split-calls` ran.
    Postcondition: what the planner and the runtime rely on holds.

    (* example filepath=tests/passes/verify-stages/doctest.mlir *)
  }];
  let statistics = [
    Statistic<"numSnapshots", "snapshots", "KV snapshots followed">];
}

//===----------------------------------------------------------------------===//
// On the placed stage dialect
//===----------------------------------------------------------------------===//

def InsertTransfersPass : Pass<"agentc-insert-transfers", "::mlir::ModuleOp"> {
  let summary = "Makes every crossing between device classes an operation.";
  let description = [{
    A value that a stage leaves on one class and another stage needs on another
    gets one `stage.transfer` for each class, as soon as it is there; a sequence
    gets a `stage.kv.move` in front of its user. What the orchestrator holds
    (arguments, results of data operations and of control flow) is on no class.
    A sequence that control flow hands on is on the class of the first value
    handed on (the start of a loop, the first region); others are moved there.

    `kv.fork`, `append`, `park`, `resume` and `close` run where their sequence
    is, `kv.open` where it is first computed on unless it was placed, `await`
    where its call is: this pass places them.

    Precondition: all other stages are placed.
    Postcondition: `agentc-verify-placement` accepts the crossings.

    (* example filepath=tests/passes/insert-transfers/doctest.mlir *)
  }];
  let statistics = [
    Statistic<"numTransfers", "transfers", "Values transferred">,
    Statistic<"numMoves", "moves", "Sequences moved">];
}

def VerifyPlacementPass : Pass<"agentc-verify-placement", "::mlir::ModuleOp"> {
  let summary = "Refuses a program that no fleet of these classes can run.";
  let description = [{
    Refused: a stage without a placement; one on a class that the fleet does not
    have; a value that is needed on another class than the one it is on; a
    transfer that starts or ends elsewhere than it says; a sequence that control
    flow hands on from two classes. The planner is not trusted.

    Precondition: `agentc-insert-transfers` ran.
    Postcondition: every edge of the plan has both ends on one class, or crosses
    by a transfer.

    (* example filepath=tests/passes/verify-placement/doctest.mlir *)
  }];
  let options = [
    // The module attribute `agentc.device_classes` says it for a whole file.
    ListOption<"deviceClasses", "device-classes", "std::string",
               "Names of the fleet's device classes; none: any name">];
  let statistics = [
    Statistic<"numStages", "stages", "Stages whose placement was checked">];
}

#endif // AGENTC_PASSES_TD
