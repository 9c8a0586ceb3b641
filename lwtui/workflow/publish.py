"""Publish a learnware on the Hub: first exactly what would leave this machine, then that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lwtui.jobs import JobContext
from lwtui.workflow.browse import open_collection

if TYPE_CHECKING:
    from lwtui.dock.publish_record import PublishPlan


def plan_publish(
    id: str,
    to: str,
    *,
    private: bool = False,
    base: str = "",
    as_base: bool = False,
    message: str = "",
    context: JobContext | None = None,
) -> PublishPlan:
    """Every file that publishing the learnware ``id`` in the repository ``to`` (``owner/name``)
    would send, with its bytes fixed. Nothing is sent; the Hub is asked who the user is and what is
    there.

    ``base`` is the Hub repository of an adapter's base, if it has another name there; ``as_base``
    publishes a whole model for adapters to build on, without a specification. Raises ``BadInput``
    and ``LwtuiError`` with the next step for all that stands against it, ``Cancelled``.
    """
    from lwtui.dock.publish_plan import make_plan

    with open_collection() as collection:
        learnware = collection.get(id)
        return make_plan(
            learnware,
            to.strip(),
            collection.base_of(learnware),
            builtin=collection.is_builtin(learnware),
            private=private,
            base=base.strip(),
            as_base=as_base,
            message=message,
            context=context,
        )


def publish(plan: PublishPlan, context: JobContext | None = None) -> str:
    """Send what is on the plan and nothing else, in one commit; the address where it then is.

    Raises ``BadInput`` when a file is no longer what was planned, ``LwtuiError`` when the Hub
    refuses or the repository was changed since, ``Cancelled``. The repository then is as it was, or
    new and empty; a second try does not send again what arrived.
    """
    from lwtui.dock import publish as dock

    return dock.publish(plan, context)
