"""Tickers that a text marks as such: `$AAPL`, `(NASDAQ: AAPL)`, `<AMR>`, and lists in brackets like `(NEM, KGC)`."""

import re
from collections.abc import Container
from typing import NamedTuple

from nlp.entities.gazetteer import MARKET_CODES
from nlp.words import word_list

_SYMBOL = r"[A-Z]{1,5}(?:[.\-][A-Z]{1,2})?"
_CASHTAG = re.compile(r"(?<![\w$])\$([A-Za-z]{1,5}(?:[.\-][A-Za-z])?)(?![\w])")
_EXCHANGE = re.compile(
    r"\b(NYSE(?:[ -]?(?:American|Arca|MKT))?|NASDAQ(?:GS|GM|CM)?|AMEX|CBOE|OTC(?:QB|QX|BB|MKTS)?)\s?:\s{0,2}("
    + _SYMBOL
    + r")(?![\w])",
    # ASCII, or ignoring case would take the dotless i and the Kelvin sign for letters of a symbol.
    re.IGNORECASE | re.ASCII,
)
# Abroad symbols are longer and hold digits: "NSE: TATASTEEL", "CPH: MAERSK-B", "KRX: 005930". Capitals only, as "bit:"
# and "six:" are words.
_ABROAD = re.compile(
    r"\b(LSE|LON|TSXV?|TSE|ASX|NSE|BSE|HKEX|HKG|SEHK|ETR|XETRA|FRA|EPA|AMS|EBR|ELI|VIE|SIX|SWX|TYO|SGX|BIT|BME|STO|HEL"
    r"|OSL|CPH|KRX|SHA|SHE|TPE|TWSE|TADAWUL|BVMF|JSE|TLV|TASE|WSE|MOEX)\s?:\s{0,2}"
    r"([A-Z0-9]{1,12}(?:[.\-][A-Z]{1,2})?)(?![\w])",
    re.ASCII,
)
_NUMBERED = {"TSE": "XTKS"}
_WIRE_MARK = re.compile(r"<(" + _SYMBOL + r")>")
_BRACKETED = re.compile(r"\(((?:" + _SYMBOL + r"|\$[A-Z]{1,5})(?:\s?[,;/&]\s{0,2}\$?" + _SYMBOL + r"){0,19})\)")
_ONE_SYMBOL = re.compile(_SYMBOL)
_WORD = re.compile(r"[^\W\d_]+")
_SMALL_WORDS = frozenset(("a", "and", "for", "in", "of", "on", "the", "to"))
# Abbreviations that stand in brackets or capitals in business news and are tickers only by accident.
NOT_TICKERS = word_list("not_tickers")


class TickerMark(NamedTuple):
    """A marked ticker: `is_certain` where the mark leaves no doubt, `mic` where the text names the exchange."""

    ticker: str
    start: int
    end: int
    mic: str | None = None
    is_certain: bool = True


def _market(exchange: str) -> str | None:
    name = exchange.upper().replace("-", " ")
    return MARKET_CODES.get(name) or MARKET_CODES.get(name.replace(" ", ""))


def find_ticker_marks(text: str, known: Container[str]) -> list[TickerMark]:
    """Return the marked tickers of `text` in order, each stretch once.

    Parameters
    ----------
    known : the tickers of the gazetteer; a bare symbol in brackets counts only when it is one of them
    """
    found: dict[int, TickerMark] = {}
    if "$" in text:
        for mark in _CASHTAG.finditer(text):
            found[mark.start(1)] = TickerMark(mark[1].upper().replace(".", "-"), mark.start(), mark.end())
    if ":" in text:
        for mark in _EXCHANGE.finditer(text):
            symbol = mark[2].upper().replace(".", "-")
            found[mark.start(2)] = TickerMark(symbol, mark.start(2), mark.end(2), _market(mark[1]))
        for mark in _ABROAD.finditer(text):
            found[mark.start(2)] = _mark_abroad(mark)
    if "<" in text:
        for mark in _WIRE_MARK.finditer(text):
            found[mark.start(1)] = TickerMark(mark[1].replace(".", "-"), mark.start(1), mark.end(1))
    if "(" in text:
        for bracket in _BRACKETED.finditer(text):
            _add_bracket(found, bracket, known)
    return [found[start] for start in sorted(found)]


def _mark_abroad(mark: re.Match[str]) -> TickerMark:
    symbol, mic = mark[2].replace(".", "-"), _market(mark[1])
    if symbol.isdigit():
        # In numbers Toronto's TSE is Tokyo's; Hong Kong's are written with and without zeros before them.
        mic = _NUMBERED.get(mark[1], mic)
        symbol = symbol.zfill(4) if mic == "XHKG" else symbol
    return TickerMark(symbol, mark.start(2), mark.end(2), mic)


def _add_bracket(found: dict[int, TickerMark], bracket: re.Match[str], known: Container[str]) -> None:
    symbols = list(_ONE_SYMBOL.finditer(bracket[1]))
    is_list = len(symbols) > 1
    if is_list and "/" in bracket[1] and all(len(symbol[0]) == 1 for symbol in symbols):
        return  # "(P/E)" is a ratio.
    for symbol in symbols:
        start = bracket.start(1) + symbol.start()
        ticker = symbol[0].replace(".", "-")
        if start in found or ticker not in known or (ticker in NOT_TICKERS and not is_list):
            continue
        is_certain = is_list or (len(ticker) > 2 and not _abbreviates(ticker, bracket.string[: bracket.start()]))
        found[start] = TickerMark(ticker, start, start + len(symbol[0]), None, is_certain)


def _abbreviates(letters: str, before: str) -> bool:
    """Say whether letters in brackets are the initials of what stands before: "Demand Side Platform (DSP)"."""
    words = [word.lower() for word in _WORD.findall(before[-100:])]
    large = [word[0] for word in words if word not in _SMALL_WORDS][-len(letters) :]
    every = [word[0] for word in words][-len(letters) :]
    return list(letters.lower()) in (large, every)
