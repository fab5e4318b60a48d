
// The sentences about a step, as Python writes them (stepping/steps.py), for steps that are made in the page. `say` puts a
// text into the language of the page and fills in its parts. Numbers are given as texts.
function teller(say) {
  const signed = (number) => (/^[-−]/.test(number) ? `(${number})` : number);
  const joined = (sentences) => sentences.reduce((sentence, next) => say("{sentence} {next}", { sentence, next }));
  const operation = ({ op, about, equation }) => say("Operation {op} ({about}): {equation}.", { op, about, equation });

  function change({ parent, before, contribution, total }) {
    if (before === null) return say("{parent} had no gradient yet and now has {total}.", { parent, total });
    return say("{parent} had {before} and now has {added}.", { parent, before, added: `${before} + ${signed(contribution)} = ${total}` });
  }

  function completeness({ parent, received: k, expected: n, output }) {
    if (k < n) return say("That is contribution {k} of {n} to {parent}.", { k, n, parent });
    const what = say("the sum over all paths from {parent} to {output}", { parent, output });
    if (n === 1) return say("That was the only contribution to {parent}, so its gradient is complete: {what}.", { parent, what });
    return say("That was the last of {n} contributions to {parent}, so its gradient is complete: {what}.", { n, parent, what });
  }

  return {
    // An application of the chain rule: of `node` to its operand `parent`.
    step(facts) {
      const { node, parent, derivation, upstream, local, contribution } = facts;
      const passed = `${signed(upstream)} × ${signed(local)} = ${contribution}`;
      return joined([
        operation(facts),
        say("Its local derivative with respect to {parent} is {derivation}.", { parent, derivation }),
        say("Upstream, {node} has gradient {upstream}: the chain rule passes {passed} to {parent}.", { node, upstream, passed, parent }),
        change(facts),
        completeness(facts),
      ]);
    },
    // An operation of the forward pass.
    evaluation: (facts) => joined([operation(facts), say("In numbers: {result}.", { result: facts.result })]),
  };
}
