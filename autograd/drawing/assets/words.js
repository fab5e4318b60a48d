// A board is what shows a graph and its steps: makeBoard(root, data, options) sets one up in a document or in the root of
// a component. These files, one after the other, are its body: words, view, fold, steps.
const byId = (id) => root.getElementById(id);
const board = { root }; // what others may ask it to do
const SVG = root.querySelector("svg").namespaceURI;

function element(namespace, name, attributes = {}, ...children) {
  const made = document.createElementNS(namespace, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

// Texts as they are in the page: what does not change is not touched, for a page may have 2,000 nodes.
const written = new Map();
function write(target, text) {
  if (written.get(target) === text) return;
  written.set(target, text);
  target.textContent = text;
}

// The words of the page in the language that is chosen: English, as they are in it, or Chinese.
let chinese = (data.language ?? navigator.language).startsWith("zh");
const word = (text, parts = {}) =>
  ((chinese && data.chinese.words[text]) || text).replace(/\{(\w+)\}/g, (_, name) => parts[name]);
let refresh = () => {}; // shows the state again, after the picture has changed
const spoken = []; // what says its words again in another language

// All texts and names of the page that are among its words, and the words in the boxes of the graph.
{
  const within = root.querySelector("main") ?? root;
  const known = (text) => Object.hasOwn(data.chinese.words, text);
  const walk = document.createTreeWalker(within, NodeFilter.SHOW_TEXT, (text) =>
    text.parentElement?.closest("#known, svg.graph, script, style, #play-label") ? NodeFilter.FILTER_REJECT : NodeFilter.FILTER_ACCEPT);
  while (walk.nextNode()) {
    const text = walk.currentNode;
    const english = text.data.trim();
    if (known(english)) spoken.push(() => (text.data = word(english)));
  }
  for (const name of ["aria-label", "title"])
    for (const part of within.querySelectorAll(`[${name}]`)) {
      const english = part.getAttribute(name);
      if (!part.closest("svg") && known(english)) spoken.push(() => part.setAttribute(name, word(english)));
    }
  for (const text of within.querySelectorAll("svg.graph [data-word]"))
    spoken.push(() => write(text, word(text.dataset.word, { name: text.dataset.of })));
  const graph = within.querySelector("svg.graph");
  spoken.push(() => graph.setAttribute("aria-label", chinese ? data.chinese.graph : data.graph));
}
board.speak = (inChinese) => {
  chinese = inChinese;
  for (const say of spoken) say();
};

