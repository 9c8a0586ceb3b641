"""What lies in a folder that somebody wants to add: an adapter, a model, GGUF, a learnware."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from lwtui.errors import BadInput
from lwtui.learnware import card
from lwtui.learnware.adapter_check import CONFIG_NAME, check_adapter, read_adapter, read_json
from lwtui.learnware.adding import allowed_roots, file_format
from lwtui.learnware.gguf import GgufHeader, read_gguf
from lwtui.learnware.headers import count_parameters, safetensors_header, tensor_shapes
from lwtui.learnware.manifest import FILE_NAME, read_manifest
from lwtui.learnware.model import Learnware, ModelFile, ModelInfo, Provenance, check_id
from lwtui.learnware.storage import CODE_SUFFIXES, PICKLE_SUFFIXES, check_source

KEPT_NAMES = frozenset(
    [
        "config.json",
        "generation_config.json",
        "adapter_config.json",
        "tokenizer.json",
        "tokenizer_config.json",
        "special_tokens_map.json",
        "added_tokens.json",
        "vocab.json",
        "vocab.txt",
        "merges.txt",
        "tokenizer.model",
        "spiece.model",
        "chat_template.jinja",
        "chat_template.json",
        "model.safetensors.index.json",
        "README.md",
    ]
)
_KEPT_STARTS = ("LICENSE", "LICENCE", "NOTICE")
_LARGEST_JSON = 64 * 1024 * 1024

FindBase = Callable[[str], "Learnware | None"]
"""Finds a base in the collection by learnware id or Hub repository."""


@dataclass(frozen=True)
class Draft:
    """A learnware to be added and its files, by their path inside its folders."""

    learnware: Learnware
    weights: dict[str, Path]
    specifications: dict[str, Path] = field(default_factory=dict)


def recognise(
    path: Path, find_base: FindBase, *, identifier: str | None = None, base: str | None = None
) -> Draft:
    """Make a draft of what lies at ``path``.

    ``identifier`` and ``base`` overrule what the files say. Raises ``BadInput`` when there is
    nothing lwtui can use, when something must not be taken, or when an adapter does not fit.
    """
    path = path.expanduser().absolute()
    if not path.exists():
        raise BadInput("There is no such file or folder.", file=path)
    default = f"local/{_slug(path.stem if path.is_file() else path.name)}"
    if path.is_dir() and (path / FILE_NAME).is_file():
        return _from_manifest(path, find_base, identifier, base)
    identifier = check_id(identifier or default)
    files = _files(path) if path.is_dir() else {path.name: path}
    if path.is_file():
        check_source(path, allowed_roots(path, path.name))
    draft = _from_files(path, files, identifier, find_base, base)
    semantic = card.read_card(path if path.is_dir() else path.parent, path.is_dir())
    if not semantic.title:
        semantic = dataclasses.replace(semantic, title=draft.learnware.name)
    provenance = Provenance(source="folder", location=str(path))
    learnware = dataclasses.replace(draft.learnware, semantic=semantic, provenance=provenance)
    return dataclasses.replace(draft, learnware=learnware)


def recognise_files(
    folder: Path,
    names: Iterable[str],
    identifier: str,
    find_base: FindBase,
    base: str | None = None,
) -> Draft:
    """Make a draft of these files of a folder, whatever else lies there: a snapshot of the Hub's
    cache may hold pickles and code that other programs fetched. Says nothing of what its card says
    and of where it is from. Raises ``BadInput`` as :func:`recognise`."""
    files = {name: folder / name for name in names}
    for name, file in files.items():
        check_source(file, allowed_roots(file, name))
    return _from_files(folder, files, check_id(identifier), find_base, base)


def _from_files(
    path: Path,
    files: dict[str, Path],
    identifier: str,
    find_base: FindBase,
    base: str | None,
) -> Draft:
    if CONFIG_NAME in files:
        return _from_adapter(path, files, identifier, find_base, base)
    if "config.json" in files and any(name.endswith(".safetensors") for name in files):
        return _from_model(files, identifier)
    if any(name.endswith(".gguf") for name in files):
        return _from_gguf(path, files, identifier, find_base, base)
    raise BadInput(
        "There is no model here that lwtui can use.",
        file=path,
        hint="It takes a PEFT adapter (adapter_config.json and adapter_model.safetensors), a "
        "Hugging Face model (config.json and *.safetensors), a .gguf file, or a folder "
        "with learnware.toml.",
    )


def is_kept(name: str) -> bool:
    """Whether a file at the top of a model's folder belongs to it, beside its weights."""
    suffix = PurePosixPath(name).suffix.lower()
    licence = name.upper().startswith(_KEPT_STARTS) and "/" not in name
    return name in KEPT_NAMES or (licence and suffix not in PICKLE_SUFFIXES | CODE_SUFFIXES)


def _files(folder: Path) -> dict[str, Path]:
    """The files at the top of a folder that belong to a model; everything is checked first."""
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        raise BadInput(f"Cannot be read: {error.strerror}.", file=folder) from error
    found: dict[str, Path] = {}
    for entry in entries:
        if entry.name.startswith(".") or entry.is_dir():
            continue
        check_source(entry, allowed_roots(entry, entry.name))
        if entry.suffix in (".safetensors", ".gguf") or is_kept(entry.name):
            found[entry.name] = entry
    return found


def _from_manifest(
    folder: Path, find_base: FindBase, identifier: str | None, base: str | None
) -> Draft:
    learnware = read_manifest(folder)
    _files(folder)
    if identifier:
        learnware = dataclasses.replace(learnware, id=check_id(identifier))
    # A folder named by a manifest from elsewhere means nothing here.
    model = dataclasses.replace(learnware.model, folder="", base=base or learnware.model.base)
    learnware = dataclasses.replace(learnware, model=model, models_folder=folder)
    weights = {file.path: folder / file.path for file in model.files}
    specifications = {entry.file: folder / entry.file for entry in learnware.specifications}
    for name, source in {**weights, **specifications}.items():
        if not source.is_file():
            raise BadInput(
                f"The manifest names {name!r}, which is not here.", file=folder / FILE_NAME
            )
    peft = learnware.file("peft")
    if peft is not None:
        _check_on_base(peft.parent, find_base(model.base))
    return Draft(learnware, weights, specifications)


def _from_adapter(
    folder: Path,
    files: dict[str, Path],
    identifier: str,
    find_base: FindBase,
    base: str | None,
) -> Draft:
    facts = read_adapter(folder)
    found = find_base(base or facts.base)
    if found is not None:
        _check_on_base(folder, found, named_by_user=base is not None)
    name = _base_name(found, base, facts.base, folder / CONFIG_NAME)
    model = ModelInfo(
        "adapter",
        base=name,
        base_revision=found.provenance.revision if found else "",
        architecture=found.model.architecture if found else "",
        parameters=facts.parameters,
        context_length=found.model.context_length if found else 0,
        files=_model_files(files),
    )
    return Draft(Learnware(identifier, model), files)


def _from_model(files: dict[str, Path], identifier: str) -> Draft:
    config = read_json(files["config.json"])
    if "auto_map" in config:
        raise BadInput(
            "This model needs program code of its own to run, which lwtui does not load.",
            file=files["config.json"],
            field="auto_map",
        )
    shapes: dict[str, tuple[int, ...]] = {}
    for name, file in sorted(files.items()):
        if name.endswith(".safetensors"):
            shapes.update(tensor_shapes(safetensors_header(file)))
    length = config.get("max_position_embeddings")
    template = "chat_template.jinja" in files
    if not template and "tokenizer_config.json" in files:
        settings = read_json(files["tokenizer_config.json"], _LARGEST_JSON)
        template = bool(settings.get("chat_template"))
    model = ModelInfo(
        "model",
        architecture=str(config.get("model_type", "")),
        parameters=count_parameters(shapes),
        context_length=length if isinstance(length, int) and length > 0 else 0,
        chat_template="tokenizer" if template else "",
        files=_model_files(files),
    )
    return Draft(Learnware(identifier, model), files)


def _from_gguf(
    path: Path, files: dict[str, Path], identifier: str, find_base: FindBase, base: str | None
) -> Draft:
    headers = {name: read_gguf(file) for name, file in files.items() if name.endswith(".gguf")}
    first = headers[min(headers)]
    if len({_whole(name) for name in headers}) > 1:
        raise BadInput(
            f"There are {len(headers)} GGUF files here.",
            file=path,
            hint="Add one of them: lwtui add FILE.gguf",
        )
    if first.is_lora:
        stated = _gguf_base(first)
        found = find_base(base or stated)
        if found is not None and found.model.architecture not in ("", first.architecture):
            raise BadInput(
                f"The adapter is for a {first.architecture} model, but {found.id} is "
                f"{found.model.architecture}.",
                file=path,
            )
        model = ModelInfo(
            "adapter",
            base=_base_name(found, base, stated, path),
            architecture=first.architecture,
            parameters=first.parameters,
            context_length=found.model.context_length if found else 0,
            files=_model_files(files),
        )
    else:
        model = ModelInfo(
            "model",
            architecture=first.architecture,
            parameters=sum(header.parameters for header in headers.values()),
            context_length=first.context_length,
            chat_template="gguf" if first.text("tokenizer.chat_template") else "",
            files=_model_files(files),
        )
    return Draft(Learnware(identifier, model), files)


def _check_on_base(folder: Path, base: Learnware | None, named_by_user: bool = False) -> None:
    """Compare an adapter with its base where the base has safetensors weights here."""
    weights = base.file("safetensors") if base else None
    if base is None or weights is None or not weights.is_file():
        read_adapter(folder)
        return
    # Who names the base says that he knows better than the adapter's config.
    names = () if named_by_user else (base.id, base.provenance.location)
    check_adapter(folder, weights.parent, names)


def _base_name(found: Learnware | None, given: str | None, stated: str, file: Path) -> str:
    if found is not None:
        return found.id
    if given:
        raise BadInput(f"There is no base {given!r} in the collection.", hint="Add the base first.")
    try:
        return check_id(stated)
    except BadInput:
        said = f"It says {stated!r}." if stated else "It does not say."
        raise BadInput(
            f"Which base is this adapter for? {said}",
            file=file,
            field="base_model_name_or_path",
            hint="Add the base first, then name it with --base.",
        ) from None


def _gguf_base(header: GgufHeader) -> str:
    url = header.text("general.base_model.0.repo_url")
    found = re.search(r"huggingface\.co/([^/]+/[^/?#]+)", url)
    return found.group(1) if found else ""


def _model_files(files: dict[str, Path]) -> tuple[ModelFile, ...]:
    return tuple(
        ModelFile(name, file_format(source), source.stat().st_size)
        for name, source in files.items()
    )


def _whole(name: str) -> str:
    """The name of a split GGUF model without the number of its part."""
    return re.sub(r"-\d{5}-of-\d{5}\.gguf$", "", name)


def _slug(name: str) -> str:
    text = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-._")
    return re.sub(r"\.{2,}", ".", text)[:96] or "model"
