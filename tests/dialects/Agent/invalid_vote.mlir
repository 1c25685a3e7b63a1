// One broken example for each constraint of vote.
// RUN: agentc-opt %s --split-input-file --verify-diagnostics

agent.graph @agent_vote_c1(%t: !agent.text) -> () {
  // expected-error@+1 {{has n = 0, expected at least 1}}
  %r = agent.vote n(0) majority -> (!agent.text) {
  ^bb0(%i: i64):
    agent.yield %t : !agent.text
  }
  agent.return
}

// -----
agent.graph @agent_vote_c2(%t: !agent.text) -> () {
  // expected-error@+1 {{has quorum = 4, expected from 1 to n = 3}}
  %r = agent.vote n(3) majority quorum(4) -> (!agent.text) {
  ^bb0(%i: i64):
    agent.yield %t : !agent.text
  }
  agent.return
}

// -----
agent.graph @agent_vote_c2(%x: f64) -> () {
  // expected-error@+1 {{has a quorum and reduces by mean, expected majority}}
  %r = agent.vote n(3) mean quorum(2) -> (f64) {
  ^bb0(%i: i64):
    agent.yield %x : f64
  }
  agent.return
}

// -----
agent.graph @agent_vote_c3(%t: !agent.text) -> () {
  // expected-error@+1 {{has cancel_rest and no quorum}}
  %r = agent.vote n(3) majority cancel_rest -> (!agent.text) {
  ^bb0(%i: i64):
    agent.yield %t : !agent.text
  }
  agent.return
}

// -----
agent.graph @agent_vote_c4(%t: !agent.text) -> () {
  // expected-error@+1 {{gives '!agent.text' by median, expected i64 or f64}}
  %r = agent.vote n(3) median -> (!agent.text) {
  ^bb0(%i: i64):
    agent.yield %t : !agent.text
  }
  agent.return
}

// -----
agent.graph @agent_vote_c5(%t: !agent.text) -> () {
  // expected-error@+1 {{has arguments () in its body region, expected ('i64')}}
  %r = agent.vote n(3) majority -> (!agent.text) {
    agent.yield %t : !agent.text
  }
  agent.return
}

// -----
agent.graph @agent_vote_c6(%t: !agent.text) -> () {
  %r = agent.vote n(3) mean -> (f64) {
  ^bb0(%i: i64):
    // expected-error@+1 {{gives ('!agent.text'), but 'agent.vote' needs ('f64')}}
    agent.yield %t : !agent.text
  }
  agent.return
}
