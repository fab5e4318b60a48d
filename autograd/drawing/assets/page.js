
// The page around a board: its title, and the list of languages.
const data = JSON.parse(document.getElementById("data").textContent);
const board = makeBoard(document, data);
const language = document.getElementById("language");
const title = document.title;
function speak(inChinese) {
  board.speak(inChinese);
  document.documentElement.lang = language.value = inChinese ? "zh-CN" : "en";
  document.title = inChinese ? data.chinese.title : title;
  document.querySelector("h1").textContent = document.title;
}
language.addEventListener("change", () => speak(language.value === "zh-CN"));
speak((data.language ?? navigator.language).startsWith("zh"));
