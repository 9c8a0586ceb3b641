"""Which domain a model of the Hub is for, guessed from words. The Hub has no field for it."""

from __future__ import annotations

import re
from collections.abc import Iterable


def _known(text: str) -> frozenset[str]:
    return frozenset(text.split())


DOMAINS: dict[str, frozenset[str]] = {
    "finance": _known("""
        finance financial fintech banking bank banking77 stock stocks trading trader invest
        investment investing accounting accountant economics economy insurance credit tax finbert
        fingpt finma finllm finqa convfinqa tatqa fiqa finr1 bloomberg earnings fomc phrasebank
        pixiu xbrl edgar wealth payments
    """),
    "medicine": _known("""
        medicine medical med clinical clinic health healthcare biomedical biomed pubmed pubmedqa
        medmcqa medqa medquad medgemma meditron medalpaca medllama medreason mimic radiology pharma
        pharmacy pharmacology drug drugs doctor patient patients nurse nursing hospital disease
        diseases diagnosis chatdoctor biomistral biogpt bioasq openbiollm healthcaremagic icd dental
        oncology cancer cardiology psychiatry huatuo huatuogpt
    """),
    "mathematics": _known("""
        mathematics math maths mathematical gsm8k gsm metamath metamathqa mathinstruct mathstral
        openmathinstruct openmath numina numinamath algebra geometry calculus arithmetic theorem
        theorems proof prover lean4 deepmath svamp aime mathqa aqua mathgpt wizardmath abel tora
        openr1math orcamath mammoth mammoth2
    """),
}
"""Words that count, in lower case. A word is a run of letters and digits; ``FinanceChat`` and
``finance-chat`` hold the same two."""

HUB_TAGS: dict[str, tuple[str, ...]] = {
    "finance": ("finance", "financial"),
    "medicine": ("medical", "medicine", "biology"),
    "mathematics": ("math", "mathematics"),
}
"""Tags under which cards of the Hub file a domain's models, the most used first."""

HUB_WORDS: dict[str, str] = {"finance": "finan", "medicine": "medic", "mathematics": "math"}
"""What the names of a domain's models have in common, and few others have: the Hub searches in the
middle of names, so ``fin`` would find every finetune."""

_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_WORD = re.compile(r"[a-z0-9]+")


def guess_domain(name: str, tags: Iterable[str] = (), datasets: Iterable[str] = ()) -> str:
    """``finance``, ``medicine``, ``mathematics``, or empty.

    A tag that is one of the words counts three, a word of a dataset's name two, of the model's own
    name two; the domain with the most wins, the one named first of equals.
    """
    points = dict.fromkeys(DOMAINS, 0)
    for weight, texts in ((3, tags), (2, datasets), (2, [name.rpartition("/")[2]])):
        for text in texts:
            found = words(text)
            for domain, known in DOMAINS.items():
                points[domain] += weight * bool(found & known)
    best = max(points, key=lambda domain: points[domain])
    return best if points[best] else ""


def words(text: str) -> set[str]:
    """``FinanceChat-7b_v2``: finance, chat, 7b, v2, and the whole of each dash-free part."""
    apart = _WORD.findall(_CAMEL.sub(" ", text).lower())
    return {*apart, *_WORD.findall(text.lower())}
