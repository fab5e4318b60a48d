"""The words that pages and commands say, in English and in Chinese: English texts are the keys of the catalogue.

A text that the catalogue does not have stays English. After a change of ``locale/zh_CN/LC_MESSAGES/chainrule.po``, run
``msgfmt chainrule.po -o chainrule.mo`` beside it.

>>> translation("zh_CN")("gradient")
'梯度'
"""

import os
from collections.abc import Callable, Mapping
from functools import cache

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
