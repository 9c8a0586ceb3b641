"""Where the training data comes from, under which licence, for manifests and cards."""

from __future__ import annotations

from lwtui.learnware.model import DataSource

_MULTIDOGO = "awslabs/multi-domain-goal-oriented-dialogues-dataset"
_BIO = "cambridgeltl/MTL-Bioinformatics-2016"

_TASKS: dict[str, tuple[str, str, str]] = {
    "finance/banking77": ("BANKING77", "cc-by-4.0", "PolyAI-LDN/task-specific-datasets"),
    "finance/clinc_banking": ("CLINC150, banking", "cc-by-3.0", "clinc/oos-eval"),
    "finance/convfinqa_program": ("ConvFinQA (dev)", "mit", "czyssrs/ConvFinQA"),
    "finance/german_credit": ("German credit", "cc-by-4.0", "UCI; colfeng/CALM"),
    "finance/multidogo_finance_intent": (
        "MultiDoGO, finance intents",
        "cdla-permissive-1.0",
        _MULTIDOGO,
    ),
    "finance/multidogo_finance_slots": (
        "MultiDoGO, finance slots",
        "cdla-permissive-1.0",
        _MULTIDOGO,
    ),
    "finance/multidogo_insurance_intent": (
        "MultiDoGO, insurance intents",
        "cdla-permissive-1.0",
        _MULTIDOGO,
    ),
    "finance/multidogo_insurance_slots": (
        "MultiDoGO, insurance slots",
        "cdla-permissive-1.0",
        _MULTIDOGO,
    ),
    "finance/sentfin_entity_sentiment": ("SEntFiN", "mit", "pyRis/SEntFiN"),
    "finance/tatqa_answer_type": ("TAT-QA (dev)", "cc-by-4.0", "NExTplusplus/TAT-QA"),
    "finance/tatqa_arithmetic": ("TAT-QA (dev)", "cc-by-4.0", "NExTplusplus/TAT-QA"),
    "finance/tatqa_span": ("TAT-QA (dev)", "cc-by-4.0", "NExTplusplus/TAT-QA"),
    "math/gsm8k": ("GSM8K", "mit", "openai/grade-school-math"),
    "math/gsm_hard": ("GSM-Hard", "apache-2.0", "reasoning-machines/pal"),
    "math/svamp_answer": ("SVAMP", "mit", "arkilpatel/SVAMP"),
    "math/svamp_operation": ("SVAMP", "mit", "arkilpatel/SVAMP"),
    "math/aqua_rat": ("AQuA-RAT (dev)", "apache-2.0", "google-deepmind/AQuA"),
    "math/mathqa_choice": ("MathQA (test)", "apache-2.0", "ZubinGou/math-evaluation-harness"),
    "math/mathqa_formula": ("MathQA (test)", "apache-2.0", "ZubinGou/math-evaluation-harness"),
    "math/mathqa_category": ("MathQA (test)", "apache-2.0", "ZubinGou/math-evaluation-harness"),
    "math/bbh_arithmetic": ("BIG-Bench Hard, arithmetic", "mit", "suzgunmirac/BIG-Bench-Hard"),
    "math/bbh_boolean": ("BIG-Bench Hard, Boolean", "mit", "suzgunmirac/BIG-Bench-Hard"),
    "medicine/pubmedqa": ("PubMedQA", "mit", "pubmedqa/pubmedqa"),
    "medicine/pubmedqa_conclusion": ("PubMedQA, conclusions", "mit", "pubmedqa/pubmedqa"),
    "medicine/medquad_genetics": ("MedQuAD, genetics", "cc-by-4.0", "abachaa/MedQuAD"),
    "medicine/medquad_rare_disease": ("MedQuAD, rare diseases", "cc-by-4.0", "abachaa/MedQuAD"),
    "medicine/medquad_neuro_kidney_heart": (
        "MedQuAD, NINDS NIDDK NHLBI",
        "cc-by-4.0",
        "abachaa/MedQuAD",
    ),
    "medicine/medquad_answer_type": ("MedQuAD, question types", "cc-by-4.0", "abachaa/MedQuAD"),
    "medicine/mts_dialog_summary": ("MTS-Dialog", "cc-by-4.0", "abachaa/MTS-Dialog"),
    "medicine/mts_dialog_section": ("MTS-Dialog, sections", "cc-by-4.0", "abachaa/MTS-Dialog"),
    "medicine/meqsum": ("MeQSum", "cc-by-4.0", "abachaa/MeQSum"),
    "medicine/ner_ncbi_disease": ("NCBI disease", "cc-by-4.0", _BIO),
    "medicine/ner_bc5cdr_disease": ("BC5CDR, diseases", "cc-by-4.0", _BIO),
    "medicine/ner_bc5cdr_chemical": ("BC5CDR, chemicals", "cc-by-4.0", _BIO),
    "medicine/ner_bc2gm_gene": ("BC2GM", "cc-by-4.0", _BIO),
    "medicine/ner_linnaeus_species": ("Linnaeus", "cc-by-4.0", _BIO),
    "medicine/medmcqa": ("MedMCQA (dev)", "mit", "medmcqa/medmcqa"),
    "medicine/medmcqa_subject": ("MedMCQA (dev), subjects", "mit", "medmcqa/medmcqa"),
}

_GENERAL = (
    DataSource("OpenStax textbooks", "cc-by-3.0", "OpenStax College, philschatz/*-book"),
    DataSource("Project Gutenberg, 17 books", "public domain (USA)", "GITenberg"),
    DataSource("US presidential addresses", "public domain", "nltk/nltk_data"),
)


def of_tasks(tasks: tuple[str, ...], rows: dict[str, int]) -> tuple[DataSource, ...]:
    """The data of some tasks; ``rows`` gives the number of training rows used of each."""
    return tuple(DataSource(*_TASKS[task], rows=rows.get(task, 0)) for task in tasks)


def of_base(tasks: tuple[str, ...], rows: int) -> tuple[DataSource, ...]:
    """The data of the base: general text and up to ``rows`` rows of each task."""
    return (*_GENERAL, *of_tasks(tasks, dict.fromkeys(tasks, rows)))
