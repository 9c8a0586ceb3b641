"""How the built-in starter collection is made. Run by hand; nothing else imports it.

In order (each takes ``--data DIR``, the folder of task and general data, and ``--out DIR``)::

    python -m lwtui.starter.tokenizer   a byte-level BPE with 6,144 tokens
    python -m lwtui.starter.pretrain    the base model, from scratch
    python -m lwtui.starter.specialise  one LoRA adapter per entry of plan.py
    python -m lwtui.starter.measure     the answer loss of every learnware on every task
    python -m lwtui.starter.specifications  the specifications, and the mean of their space
    python -m lwtui.starter.build       GGUF, manifests and cards into models/ and specs/
"""
