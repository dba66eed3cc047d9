"""Language of a text from its script, its function words and its letters: the languages of NewsAPI, English by default.

The idea: headlines are short, so a missing proof is common; what is not clearly another language is English.
"""

import re
from typing import NamedTuple

_WORDS = {
    "en": "the of and to in a is for on with as at by from its it that be are was has have will after over says said "
    "but not this new up down more than into about out who what how could would should may against amid before under "
    "an or their his he they we you your our can why when which been had were do does all no off first year years",
    "de": "der die das und in den von zu mit sich des auf für ist im dem nicht ein eine als auch es an werden aus er "
    "hat dass sie nach wird bei einer um am sind noch wie einem über einen so zum war haben nur oder aber vor zur bis "
    "mehr durch man sein wurde gegen vom kann schon wenn habe seine ihre unter jahr wegen steigt steigen fällt fallen "
    "soll neue aktie aktien gewinn umsatz verlust prognose senkt erhöht anleger börse quartalszahlen milliarden",
    "fr": "de la le et les des en un du une que est pour qui dans a par plus pas au sur ne se ce il sont la avec son "
    "ses aux cette mais comme ou si leur y dont été être ont était nous vous après selon contre entre sans fait deux "
    "très même aussi où ans hausse baisse milliards bénéfice chiffre affaires résultats action actions bourse",
    "es": "de la que el en y a los se del las un por con no una su para es al lo como más o pero sus le ha me si sin "
    "sobre este ya entre cuando todo esta ser son dos también fue había era muy años hasta desde está mi porque qué "
    "sólo han yo hay vez puede todos así nos ni parte tiene él uno donde bien tras según millones acciones bolsa "
    "resultados beneficio ventas caen suben",
    "it": "di e il la che in a per è un del non una sono le si con da i al come dei ma più gli alla anche della ha nel "
    "su lo o se delle dal nella ai questo dopo essere degli dalla tra ancora stato anni fra sulla hanno era due suo "
    "ci prima molto cosa nei sui dell miliardi contro borsa azioni utile ricavi rialzo ribasso",
    "nl": "de van het een en in is dat op te zijn met voor niet aan er die om ook als dan maar bij uit nog naar door "
    "over ze heeft hij worden wordt was werd wel geen tot ik je deze meer onder kan hebben tegen al haar jaar zich "
    "moet veel ons miljard miljoen aandeel aandelen winst omzet beurs cijfers dalen stijgen",
    "no": "og i det på som er en til for av at med de har den ikke om et fra var jeg men så vi kan å han ble blir "
    "etter skal ved ut eller over da mot nå seg også sier være år kroner ingen mer aksjen aksjer stiger faller "
    "resultatet",
    "pt": "de a o que e do da em um para é com não uma os no se na por mais as dos como mas foi ao ele das tem à seu "
    "sua ou ser quando muito há nos já está eu também só pelo pela até isso ela entre era depois sem mesmo aos ter "
    "seus quem nas me esse eles são bilhões milhões após ações bolsa lucro receita sobem caem alta queda",
    "sv": "och i att det som en på är av för med till den har de inte om ett han men var jag sig från vi så kan när "
    "år under också efter eller nu sin där vid mot ska skulle kommer ut får finns vara hade alla andra mycket mer "
    "kronor enligt sina miljoner aktien aktier börsen vinst stiger faller rapport",
}
_SUFFIXES = {
    "de": ("ungen", "ung", "keit", "schaft", "lich"),
    "es": ("ción", "ciones", "miento"),
    "fr": ("eaux", "euse", "ique"),
    "it": ("zione", "zioni"),
    "nl": ("heid", "lijk", "ijk"),
    "no": ("het", "else"),
    "pt": ("ção", "ções"),
    "sv": ("arna", "erna"),
}
# Letters that English borrows at most now and then; one is a hint, never a proof.
_LETTERS = {
    "ß": "de", "ä": "de sv", "ü": "de", "ö": "de sv", "ñ": "es", "¿": "es", "¡": "es", "ç": "fr pt", "œ": "fr",
    "è": "fr it", "ê": "fr pt", "à": "fr it pt", "ù": "it fr", "ò": "it", "ì": "it", "ã": "pt", "õ": "pt",
    "å": "sv no", "ø": "no", "æ": "no", "ĳ": "nl",
}  # fmt: skip
_PROFILE: dict[str, tuple[str, ...]] = {}
for _language, _list in _WORDS.items():
    # One-letter words are left out: model names and initials ("E 61", "I") would vote with them.
    for _word in {word for word in _list.split() if len(word) > 1}:
        _PROFILE[_word] = (*_PROFILE.get(_word, ()), _language)

_ENGLISH_WORDS = frozenset(word for word, known in _PROFILE.items() if "en" in known)
_FOREIGN_WORDS = frozenset(word for word, known in _PROFILE.items() if "en" not in known)

_WORD = re.compile(r"[^\W\d_]+")
_FOREIGN_LETTER = re.compile("[" + "".join(_LETTERS) + "]")
_SCRIPTS = (
    ("he", re.compile(r"[\u0590-\u05ff]")),
    ("ar", re.compile(r"[\u0600-\u06ff\u0750-\u077f\ufb50-\ufdff\ufe70-\ufefc]")),
    ("ru", re.compile(r"[\u0400-\u04ff]")),
    ("ja", re.compile(r"[\u3040-\u30ff]")),
    ("ko", re.compile(r"[\uac00-\ud7af]")),
    ("zh", re.compile(r"[\u3400-\u9fff]")),
    ("el", re.compile(r"[\u0370-\u03ff]")),
    ("hi", re.compile(r"[\u0900-\u097f]")),
    ("th", re.compile(r"[\u0e00-\u0e7f]")),
)
_URDU = re.compile(r"[\u0679\u0688\u0691\u06ba\u06be\u06c1\u06d2]")
_NOT_LATIN = re.compile(r"[\u0370-\u1dff\u3040-\ud7af\ufb50-\ufdff\ufe70-\ufefc]")
_ANALYSED_CHARACTERS = 400
ENGLISH = "en"


class DetectedLanguage(NamedTuple):
    """An ISO 639 code and how sure it is: `confidence` in [0, 1], 0 when English is only the default."""

    code: str
    confidence: float


def _other_script(text: str) -> DetectedLanguage | None:
    letters = sum(map(len, _WORD.findall(text)))
    counts = {code: len(pattern.findall(text)) for code, pattern in _SCRIPTS}
    code, count = max(counts.items(), key=lambda item: item[1])
    if counts["ja"] and counts["zh"]:
        code, count = "ja", counts["ja"] + counts["zh"]
    # Marks of a script without one of its letters are no text in it.
    if not letters or count < 2 or count * 3 < letters:
        return None
    if code == "ar" and _URDU.search(text):
        code = "ur"
    return DetectedLanguage(code, min(1.0, count / letters))


def _votes(words: list[str], text: str) -> dict[str, float]:
    votes = dict.fromkeys(_WORDS, 0.0)
    for word in words:
        known = _PROFILE.get(word)
        if known is not None:
            # A word shared by several languages says less; English owns its words although others share a few.
            for code in known:
                votes[code] += 1.0 if len(known) == 1 else 0.5
    if _FOREIGN_LETTER.search(text):
        for letter in _FOREIGN_LETTER.findall(text):
            for code in _LETTERS[letter].split():
                votes[code] += 0.4
    return votes


def _suffix_votes(words: list[str], votes: dict[str, float]) -> None:
    for word in words:
        if len(word) > 6:
            for code, endings in _SUFFIXES.items():
                if word.endswith(endings):
                    votes[code] += 0.5


def detect_language(text: str, declared: str | None = None) -> DetectedLanguage:
    """Return the language of the first 400 characters of `text`.

    Parameters
    ----------
    declared : str or None
        What the publisher said; it decides where the text itself gives no proof.
    """
    head = text[:_ANALYSED_CHARACTERS].lower()
    if not head.isascii() and _NOT_LATIN.search(head):
        other = _other_script(head)
        if other is not None:
            return other
    words = _WORD.findall(head)
    if head.isascii() and len(_FOREIGN_WORDS.intersection(words)) < 2:
        english_hits = len(_ENGLISH_WORDS.intersection(words))
        return _default(english_hits, declared)
    votes = _votes(words, head)
    english = votes.pop(ENGLISH)
    code = max(votes, key=votes.__getitem__)
    if votes[code] >= 1.0 and english <= 1.0:
        _suffix_votes(words, votes)
        code = max(votes, key=votes.__getitem__)
    foreign = votes[code]
    is_foreign = foreign >= 2.0 and foreign > 1.5 * english and foreign >= 0.12 * len(words)
    if is_foreign:
        return DetectedLanguage(code, min(1.0, foreign / (foreign + english) * min(1.0, foreign / 4)))
    return _default(english if english > foreign else 0.0, declared)


def _default(english: float, declared: str | None) -> DetectedLanguage:
    """Return English when the text has words of it, else what the publisher said, else English unproved."""
    if english or declared is None:
        return DetectedLanguage(ENGLISH, min(1.0, english / 4))
    return DetectedLanguage(declared, 0.0)
