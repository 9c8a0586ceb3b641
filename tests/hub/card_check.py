"""What the Hub has to say against a card's front matter: POST /api/validate-yaml."""

from __future__ import annotations

import re
from typing import Any

import yaml
from aiohttp import web

from tests.hub.answers import answer
from tests.hub.cards import FRONT_MATTER

_REPOSITORY = re.compile(r"[\w.\-]+(/[\w.\-]+)?")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-\w+)?|code|multilingual")
_TEXT = """
apache-2.0 mit openrail bigscience-openrail-m creativeml-openrail-m bigscience-bloom-rail-1.0 isc
bigcode-openrail-m afl-3.0 artistic-2.0 bsl-1.0 bsd bsd-2-clause bsd-3-clause bsd-3-clause-clear
c-uda cc cc0-1.0 cc-by-2.0 cc-by-2.5 cc-by-3.0 cc-by-4.0 cc-by-sa-3.0 cc-by-sa-4.0 cc-by-nc-2.0
cc-by-nc-3.0 cc-by-nc-4.0 cc-by-nd-4.0 cc-by-nc-nd-3.0 cc-by-nc-nd-4.0 cc-by-nc-sa-2.0 wtfpl gemma
cc-by-nc-sa-3.0 cc-by-nc-sa-4.0 cdla-sharing-1.0 cdla-permissive-1.0 cdla-permissive-2.0 ecl-2.0
epl-1.0 epl-2.0 etalab-2.0 eupl-1.1 eupl-1.2 agpl-3.0 gfdl gpl gpl-2.0 gpl-3.0 lgpl lgpl-2.1
lgpl-3.0 h-research intel-research lppl-1.3c ms-pl apple-ascl apple-amlr mpl-2.0 odc-by odbl zlib
openmdw-1.0 openrail++ osl-3.0 postgresql ofl-1.1 ncsa unlicense pddl lgpl-lr other unknown llama2
deepfloyd-if-license fair-noncommercial-research-license llama3 llama3.1 llama3.2 llama3.3 llama4
grok2-community
"""
LICENCES = frozenset(_TEXT.split())
"""That a card may name, by the Hub's documentation of repository licences."""


def checked(content: str) -> web.Response:
    """Errors (status 400) and warnings of the front matter of a card."""
    found = FRONT_MATTER.match(content)
    try:
        card = yaml.safe_load(found[1]) if found else None
    except yaml.YAMLError as error:
        return answer({"errors": [{"message": f"YAML: {error}"}], "warnings": []}, 400)
    if not card:
        text = "empty or missing yaml metadata in repo card"
        return answer({"errors": [], "warnings": [{"message": text}]})
    texts = _errors(card) if isinstance(card, dict) else ["must be of type object"]
    errors = [{"message": text} for text in texts]
    return answer({"errors": errors, "warnings": []}, 400 if errors else 200)


def _errors(card: dict[str, Any]) -> list[str]:
    errors = []
    for key in ("tags", "datasets", "language", "license", "base_model"):
        value = card.get(key)
        for each in value if isinstance(value, list) else [] if value is None else [value]:
            if not isinstance(each, str):
                errors.append(f'"{key}" must be a string')
            elif key == "license" and each.lower() not in LICENCES:
                errors.append(f'"license" must be one of [{", ".join(sorted(LICENCES))}]')
            elif key == "base_model" and not _REPOSITORY.fullmatch(each):
                errors.append('"base_model" with value is not valid. Use a model id.')
            elif key == "language" and not _LANGUAGE.fullmatch(each):
                errors.append('"language" must only contain lowercase ISO 639 codes')
    return errors
