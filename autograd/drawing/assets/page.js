
// The page around a board: its title, and the list of languages.
const data = JSON.parse(document.getElementById("data").textContent);
const language = document.getElementById("language");
const title = document.title;
let board;
function speak(inChinese) {
  board.speak(inChinese);
  document.documentElement.lang = language.value = inChinese ? "zh-CN" : "en";
  document.title = inChinese ? data.chinese.title : title;
  document.querySelector("h1").textContent = document.title;
}

// A page has no size yet where it is in a cell of a notebook that is out of view, and there no text can be measured.
const sizes = new ResizeObserver(begin);
sizes.observe(document.body);
function begin() {
  if (board || !document.querySelector("svg.graph").getBBox().width) return;
  sizes.disconnect();
  board = makeBoard(document, data);
  language.addEventListener("change", () => speak(language.value === "zh-CN"));
  speak((data.language ?? navigator.language).startsWith("zh"));
}
begin();
