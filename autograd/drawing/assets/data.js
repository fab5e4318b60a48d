
// The data of the page, and how elements are made.
const data = JSON.parse(byId("data").textContent);
const SVG = "http://www.w3.org/2000/svg";
// The words of the page in the language that is chosen: English, as they are in it, or Chinese.
let chinese = (data.language ?? navigator.language).startsWith("zh");
const word = (text, parts = {}) =>
  ((chinese && data.chinese.words[text]) || text).replace(/\{(\w+)\}/g, (_, name) => parts[name]);
let refresh = () => {}; // show the state again, after the picture has changed

function element(namespace, name, attributes = {}, ...children) {
  const made = document.createElementNS(namespace, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

