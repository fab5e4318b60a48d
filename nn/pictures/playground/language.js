// English and Chinese: the English text is the key; {names} in it are replaced.

const LANGUAGES = { en: "English", "zh-CN": "中文" };
let language = "en";

function t(text, values = {}) {
  const translated = (language === "en" ? null : CHINESE[text]) ?? text;
  return translated.replace(/\{(\w+)\}/g, (place, name) => (name in values ? values[name] : place));
}

function checkedLanguage(name) {
  const found = Object.entries(LANGUAGES).find(([code, own]) => [code, own, code.slice(0, 2)].includes(name));
  if (!found)
    throw new Error(
      t("Language cannot be {value}: choose {list}", { value: JSON.stringify(name), list: "English, 中文" }),
    );
  return found[0];
}

// Put every text of the page that says so (data-t, data-t-label) in the current language.
function translatePage() {
  document.documentElement.lang = language;
  for (const element of document.querySelectorAll("[data-t]")) element.textContent = t(element.dataset.t);
  for (const element of document.querySelectorAll("[data-t-label]")) {
    element.setAttribute("aria-label", t(element.dataset.tLabel, { ...element.dataset }));
  }
}
