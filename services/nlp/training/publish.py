"""Writes the manifest: one row per artefact, with its hash, version and card."""

import json
from dataclasses import dataclass
from pathlib import Path

from nlp.artefacts import MANIFEST, load_manifest, sha256


@dataclass(frozen=True, slots=True)
class DataSource:
    """A data set used in training, with the licence that its publisher states."""

    name: str
    licence: str
    is_non_commercial: bool

    def row(self) -> dict[str, str | bool]:
        """Return the card's line."""
        return {"name": self.name, "licence": self.licence, "non_commercial": self.is_non_commercial}


PHRASEBANK = DataSource("Financial PhraseBank v1.0 (Malo et al. 2014)", "CC BY-NC-SA 3.0", True)
SENTFIN = DataSource("SEntFiN 1.1", "MIT", False)
TWITTER = DataSource("zeroshot/twitter-financial-news-sentiment", "MIT", False)
SEMEVAL = DataSource("SemEval-2017 task 5.2", "research use, none stated", True)
FIQA = DataSource("FiQA 2018 task 1", "research use, none stated", True)
REUTERS = DataSource("Reuters-21578, ModApte split", "free for research (Reuters / Lewis notice)", True)
MINILM = DataSource("all-MiniLM-L6-v2, the pretrained encoder (sentence-transformers)", "Apache-2.0", False)
BGE_SMALL = DataSource("bge-small-en-v1.5, a teacher's pretrained encoder (BAAI)", "MIT", False)
E5_SMALL = DataSource("e5-small-v2, a teacher's pretrained encoder (Microsoft)", "MIT", False)
STATEMENTS = DataSource("Statements put together for this project", "as the project", False)
SEC_LIST = DataSource("SEC company and ticker list, August 2025", "US government work", False)
SP500_LIST = DataSource("S&P 500 constituents (datasets/s-and-p-500-companies)", "ODC-PDDL 1.0", False)
WORLD_LIST = DataSource(
    "Companies listed abroad: names, symbols and markets put together for this project", "as the project", False
)
UNCASED_WORDS = DataSource(
    "BERT's uncased English vocabulary (see word-pieces), to tell words from names", "Apache-2.0", False
)
AG_NEWS = DataSource("AG News, a sample, for counts of everyday words only", "non-commercial research", True)
FINER_ORD = DataSource("FiNER-ORD (gtfintechlab), training and validation part", "CC BY-NC 4.0", True)
STOCKNET = DataSource("StockNet tweets, for the use of words only", "MIT", False)
AG_NEWS_TEXTS = DataSource("AG News, a sample, business texts without labels", "non-commercial research", True)
PHRASEBANK_TEXTS = DataSource("Financial PhraseBank v1.0, sentences without labels", "CC BY-NC-SA 3.0", True)
NEWS_AGGREGATOR_TEXTS = DataSource("UCI News Aggregator, titles without labels", "CC BY 4.0", False)
BENZINGA_TEXTS = DataSource("Benzinga headlines (Kaggle), without labels", "public domain, unverified", False)
STOCKNET_TEXTS = DataSource("StockNet tweets, without labels", "MIT", False)
CENSUS_NAMES = DataSource(
    "US census first names and surnames (names)", "US government work (data), MIT (package)", False
)


def publish(
    folder: Path, name: str, file: str, *, subject: str, data: tuple[DataSource, ...], scores: dict[str, float]
) -> str:
    """Add the artefact `file` in `folder` to the manifest and return its version: the head of its hash."""
    path = folder / file
    digest = sha256(path)
    manifest = folder / MANIFEST
    document = json.loads(manifest.read_text(encoding="utf-8")) if manifest.exists() else {"artefacts": {}}
    version = f"{name}-{digest[:12]}"
    document["artefacts"][name] = {
        "version": version,
        "file": file,
        "sha256": digest,
        "n_bytes": path.stat().st_size,
        "card": {
            "subject": subject,
            "data": [source.row() for source in data],
            "non_commercial_data": any(source.is_non_commercial for source in data),
            "scores": {key: round(value, 4) for key, value in scores.items()},
        },
    }
    document["artefacts"] = dict(sorted(document["artefacts"].items()))
    manifest.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    load_manifest.cache_clear()
    return version
