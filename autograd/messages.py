"""The words that pages and commands say, in English and in Chinese: English texts are the keys of the catalogue.

A text that the catalogue does not have stays English. After a change of ``locale/zh_CN/LC_MESSAGES/chainrule.po``, run
``msgfmt chainrule.po -o chainrule.mo`` beside it.

>>> translation("zh_CN")("gradient")
'梯度'
"""

import os
import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache, reduce

from .notation.text_layout import columns as columns
from .notation.text_layout import pad as pad
from .notation.text_layout import wrapped as wrapped

Translate = Callable[[str], str]

LANGUAGES = {"en": "English", "zh_CN": "中文"}


def language(environment: Mapping[str, str] | None = None) -> str | None:
    """The language of ``CHAINRULE_LANG``, else of the locale: a key of `LANGUAGES`, or None where neither says one.

    >>> language({"CHAINRULE_LANG": "zh"}), language({"LANG": "en_GB.UTF-8"}), language({"LANG": "C.UTF-8"})
    ('zh_CN', 'en', None)
    """
    environment = os.environ if environment is None else environment
    for name in ("CHAINRULE_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        if value := environment.get(name):
            short = value.replace("-", "_").partition(".")[0].partition("_")[0].lower()
            return next((known for known in LANGUAGES if known.partition("_")[0] == short), None)
    return None


@cache
def translation(language: str) -> Translate:
    """The function that translates a text; of an unknown language, one that changes nothing.

    >>> translation("zh_CN")("Next"), translation("en")("Next")
    ('下一步', 'Next')
    """
    import gettext  # here, because most programs translate nothing

    folder = os.path.join(os.path.dirname(__file__), "locale")
    return gettext.translation("chainrule", folder, [language], fallback=True).gettext


def word(text: str, chosen: str | None = None, /, **fields: object) -> str:
    """A text in the chosen language, by default that of the environment.

    Arguments:
        text: in English, as it is in the catalogue.
        chosen: a key of `LANGUAGES`.
        fields: what fills the places in braces: ``word("wrote {path}", path=path)``.

    >>> word("{k} of {n}", "zh_CN", k=2, n=6), word("{loss:.2f} of what?", "zh_CN", loss=0.123)
    ('2/6', '0.12 of what?')
    """
    text = translation(chosen or language() or "en")(text) if text else text
    return text.format(**fields) if fields else text


def joined(sentences: Iterable[str], translate: Translate = word) -> str:
    """Sentences, one after the other; some languages have no space between them.

    >>> joined(["One.", "", "Two."], translation("en")), joined(["一。", "二。"], translation("zh_CN"))
    ('One. Two.', '一。二。')
    """
    together = translate("{sentence} {next}")
    return reduce(lambda text, sentence: together.format(sentence=text, next=sentence), filter(None, sentences))


def retold(error: str, templates: Iterable[str], chosen: str | None = None) -> str | None:
    """An error in the chosen language; None in English, and where none of the templates is what it says.

    >>> retold("log(x) needs x > 0, got -1.0", ["{function}(x) needs x > 0, got {x}"], "zh_CN")
    'log 只对正数有定义，这里得到的是 -1.0。'
    """
    for template in templates:
        text = word(template, chosen)
        if text != template and (found := _pattern(template).fullmatch(error)):
            return text.format(**found.groupdict())
    return None


@cache
def _pattern(template: str) -> re.Pattern[str]:
    """What a text looks like that was made of the template."""
    from string import Formatter  # here and not above, since most programs only speak English

    parts = Formatter().parse(template)
    return re.compile("".join(re.escape(text) + (f"(?P<{name}>.+?)" if name else "") for text, name, _, _ in parts))
