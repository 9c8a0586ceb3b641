"""What the starter collection holds, written down before any result was looked at."""

from __future__ import annotations

from dataclasses import dataclass

DOMAINS = {"finance": "finance", "math": "mathematics", "medicine": "medicine"}
"""Folder of the data -> domain shown to people."""

GENERAL = ("openstax_general", "openstax_domains", "gutenberg", "us_speeches")
"""General text whose licence lets the weights ship (CC BY, public domain); WikiText is share-alike."""

SHARE_ALIKE = frozenset({"medicine/medical_abstracts"})

UNSEEN = frozenset(
    {
        "finance/clinc_credit_cards",
        "finance/earnings_call_tone",
        "finance/mmlu_economics",
        "finance/australian_credit",
        "math/mmlu_math",
        "math/bbh_object_counting",
        "math/theoremqa",
        "medicine/mmlu_medicine",
        "medicine/covid_qa",
        "medicine/ner_anatomy",
        "medicine/medquad_cancer_public",
    }
)
"""Tasks that neither the base nor any starter learnware is trained on: users nobody trained for."""

ALL_LAYOUTS = ("chat", "bare", "question-answer", "alpaca")


@dataclass(frozen=True)
class Recipe:
    """How one starter adapter is made."""

    name: str
    title: str
    kind_of_task: str
    tasks: tuple[str, ...]
    description: str
    rank: int = 4
    epochs: float = 6.0
    share: float = 1.0
    """Share of the training rows used."""
    layouts: tuple[str, ...] = ("chat", "bare")
    """``chat``: instruction and input; ``bare``: input alone; see ``corpus.py``."""
    twin_of: str = ""

    @property
    def folder(self) -> str:
        """The data folder of its domain."""
        return self.tasks[0].split("/", 1)[0]

    @property
    def domain(self) -> str:
        return DOMAINS[self.folder]

    @property
    def generalist(self) -> bool:
        return self.name.split("-")[1:2] == ["generalist"]


def _finance(*names: str) -> tuple[str, ...]:
    return tuple(f"finance/{name}" for name in names)


def _math(*names: str) -> tuple[str, ...]:
    return tuple(f"math/{name}" for name in names)


def _medicine(*names: str) -> tuple[str, ...]:
    return tuple(f"medicine/{name}" for name in names)


_FINANCE_ALL = _finance(
    "banking77",
    "clinc_banking",
    "convfinqa_program",
    "german_credit",
    "multidogo_finance_intent",
    "multidogo_finance_slots",
    "multidogo_insurance_intent",
    "multidogo_insurance_slots",
    "sentfin_entity_sentiment",
    "tatqa_answer_type",
    "tatqa_arithmetic",
    "tatqa_span",
)
_MATH_ALL = _math(
    "gsm8k",
    "gsm_hard",
    "svamp_answer",
    "svamp_operation",
    "aqua_rat",
    "mathqa_choice",
    "mathqa_formula",
    "mathqa_category",
    "bbh_arithmetic",
    "bbh_boolean",
)
_MEDICINE_ALL = _medicine(
    "pubmedqa",
    "pubmedqa_conclusion",
    "medquad_genetics",
    "medquad_rare_disease",
    "medquad_neuro_kidney_heart",
    "medquad_answer_type",
    "mts_dialog_summary",
    "mts_dialog_section",
    "meqsum",
    "ner_ncbi_disease",
    "ner_bc5cdr_disease",
    "ner_bc5cdr_chemical",
    "ner_bc2gm_gene",
    "ner_linnaeus_species",
    "medmcqa",
    "medmcqa_subject",
)

RECIPES: tuple[Recipe, ...] = (
    # Finance
    Recipe("banking-intent", "Banking customer intent", "intent classification",
           _finance("banking77"), "Names the intent of a bank customer's message (77 intents).",
           rank=6, epochs=8),
    Recipe("banking-intent-small", "Banking customer intent, small", "intent classification",
           _finance("banking77"), "A weak near twin of banking-intent: rank 2, a quarter of the rows.",
           rank=2, epochs=4, share=0.25, twin_of="banking-intent"),
    Recipe("bank-assistant-intent", "Bank assistant intent", "intent classification",
           _finance("clinc_banking"), "Names what a user wants from a bank's assistant (15 intents)."),
    Recipe("bank-chat-intent", "Bank chat line intent", "intent classification",
           _finance("multidogo_finance_intent"), "Names the intent of each line of a bank's support chat."),
    Recipe("bank-chat-details", "Bank chat details", "information extraction",
           _finance("multidogo_finance_slots"), "Lists the details (name, account, amount) in a chat line."),
    Recipe("insurance-chat-intent", "Insurance chat line intent", "intent classification",
           _finance("multidogo_insurance_intent"), "Names the intent of each line of an insurer's chat."),
    Recipe("headline-sentiment", "Headline sentiment towards a company", "sentiment",
           _finance("sentfin_entity_sentiment"), "Tells how a headline speaks of a named company.", epochs=5),
    Recipe("report-table-spans", "Report table questions", "table question answering",
           _finance("tatqa_span"), "Finds the words that answer a question in a report's table and text."),
    Recipe("report-calculation", "Report calculations", "numerical reasoning",
           _finance("tatqa_arithmetic", "convfinqa_program"),
           "Writes the calculation that answers a question about a financial report."),
    Recipe("credit-risk", "Credit risk from an applicant's record", "risk classification",
           _finance("german_credit"),
           "Judges a loan applicant's record good or bad. Old data with known bias: not for decisions.",
           rank=2),
    # Mathematics
    Recipe("word-problem-steps", "Word problems, step by step", "mathematical reasoning",
           _math("gsm8k"), "Works school word problems in steps and ends with the number.", rank=6, epochs=6),
    Recipe("word-problem-steps-small", "Word problems, step by step, small", "mathematical reasoning",
           _math("gsm8k"), "A weak near twin of word-problem-steps: rank 2, a quarter of the rows.",
           rank=2, epochs=3, share=0.25, twin_of="word-problem-steps"),
    Recipe("word-problem-number", "Word problems, number only", "arithmetic",
           _math("svamp_answer"), "Answers one-step word problems with the number alone.", epochs=10),
    Recipe("word-problem-operation", "Which operation a word problem needs", "classification",
           _math("svamp_operation"), "Names the operation that a word problem needs.", rank=2, epochs=10),
    Recipe("word-problem-formula", "Word problems to formulas", "semantic parsing",
           _math("mathqa_formula"), "Writes a word problem as a nested formula.", epochs=12),
    Recipe("problem-category", "Category of a maths problem", "classification",
           _math("mathqa_category"), "Tells gain, physics, geometry, probability and other problems apart.",
           rank=2, epochs=10),
    Recipe("maths-choice", "Multiple-choice maths", "multiple choice",
           _math("mathqa_choice", "aqua_rat"), "Picks the letter of an algebra question's answer."),
    Recipe("signed-arithmetic", "Arithmetic with brackets", "arithmetic",
           _math("bbh_arithmetic"), "Works out small expressions with brackets and signs.", epochs=25),
    Recipe("boolean-expressions", "Boolean expressions", "logic",
           _math("bbh_boolean"), "Says whether a Boolean expression is True or False.", rank=2, epochs=25),
    # Medicine
    Recipe("genetics-answers", "Answers about genetic conditions", "question answering",
           _medicine("medquad_genetics"), "Answers patients' questions about genetic conditions.", rank=6),
    Recipe("rare-disease-answers", "Answers about rare diseases", "question answering",
           _medicine("medquad_rare_disease"), "Answers patients' questions about rare diseases.", rank=6),
    Recipe("neurology-kidney-heart-answers", "Answers on nerves, kidneys and the heart",
           "question answering", _medicine("medquad_neuro_kidney_heart"),
           "Answers patients' questions about nerves, kidneys, digestion, heart and lungs.", rank=6),
    Recipe("clinical-notes", "Clinical note from a dialogue", "summarisation",
           _medicine("mts_dialog_summary"), "Writes a section of the clinical note from a dialogue."),
    Recipe("patient-question-summary", "Patient message to one question", "summarisation",
           _medicine("meqsum"), "Rewrites a patient's long message as one short question."),
    Recipe("drug-names", "Drug and chemical names", "named entity recognition",
           _medicine("ner_bc5cdr_chemical"), "Lists the drugs and chemicals a sentence names."),
    Recipe("disease-names", "Disease names", "named entity recognition",
           _medicine("ner_ncbi_disease", "ner_bc5cdr_disease"),
           "Lists the diseases a sentence names: a mixture of two corpora."),
    Recipe("gene-names", "Gene and protein names", "named entity recognition",
           _medicine("ner_bc2gm_gene"), "Lists the genes and proteins a sentence names."),
    Recipe("research-answer", "Research question: yes, no or maybe", "question answering",
           _medicine("pubmedqa"), "Answers a research question from its abstract with yes, no or maybe.",
           rank=2),
    Recipe("medical-exam-choice", "Medical exam questions", "multiple choice",
           _medicine("medmcqa"), "Picks the letter of a medical exam question's answer.", rank=2),
    # Generalists: the tasks of a domain mixed. The second of each also in other layouts.
    Recipe("finance-generalist", "Finance generalist", "mixed", _FINANCE_ALL,
           "All the finance tasks mixed, in the chat layout.", rank=6, epochs=2.5, share=0.5),
    Recipe("finance-generalist-layouts", "Finance generalist, many layouts", "mixed", _FINANCE_ALL,
           "All the finance tasks mixed, in four layouts.", rank=6, epochs=2.5, share=0.5,
           layouts=ALL_LAYOUTS),
    Recipe("maths-generalist", "Mathematics generalist", "mixed", _MATH_ALL,
           "All the mathematics tasks mixed, in the chat layout.", rank=6, epochs=0.5),
    Recipe("maths-generalist-layouts", "Mathematics generalist, many layouts", "mixed", _MATH_ALL,
           "All the mathematics tasks mixed, in four layouts.", rank=6, epochs=0.4,
           layouts=ALL_LAYOUTS),
    Recipe("medicine-generalist", "Medicine generalist", "mixed", _MEDICINE_ALL,
           "All the medical tasks mixed, in the chat layout.", rank=6, epochs=2.5, share=0.4),
    Recipe("medicine-generalist-layouts", "Medicine generalist, many layouts", "mixed", _MEDICINE_ALL,
           "All the medical tasks mixed, in four layouts.", rank=6, epochs=1, share=0.1,
           layouts=ALL_LAYOUTS),
)  # fmt: skip

SEEN_BY_BASE = tuple(sorted({*_FINANCE_ALL, *_MATH_ALL, *_MEDICINE_ALL}))
"""Tasks of which the base sees a few hundred rows as chat."""

STARTER_TASKS = tuple(
    sorted({task for recipe in RECIPES if not recipe.generalist for task in recipe.tasks})
)
"""Tasks that at least one specialist is trained on."""


def specialists_of(task: str) -> tuple[str, ...]:
    """Names of the specialists trained on a task: own ones and twins, no generalists."""
    return tuple(r.name for r in RECIPES if task in r.tasks and not r.generalist)
