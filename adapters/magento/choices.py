"""What the merchant chooses for a shop: where a tier is written, and which groups it may stand in place of."""

from typing import get_args

import msgspec

from connector.port import Choice, MarkKind, Refused

from .groups import Groups
from .keys import Chosen
from .tags import OURS, Attributes
from .texts import CHOICES
from .wire import Group

MARKS, ATTRIBUTE, REPLACEABLE = "marks", "attribute", "replaceable"
_NOTHING_TO_CHOOSE = "There is nothing to choose for this shop."


class Choices:
    """The choices of one shop, and what was chosen of them."""

    def __init__(self, groups: Groups, attributes: Attributes, chosen: Chosen) -> None:
        self._groups = groups
        self._attributes = attributes
        self._chosen = chosen

    def all(self, language: str, ours: tuple[str, ...] = ()) -> tuple[Choice, ...]:
        """Return the choices in one language; where nothing can be chosen of one, it is left out.

        `ours`: names of tiers. Their groups stand in place of others, and nothing in theirs.
        """
        say = CHOICES.get(language, CHOICES["en"])
        marks = tuple((kind, say[kind]) for kind in get_args(MarkKind))
        lines = tuple(
            (one.attribute_code, f"{one.frontend_label or one.attribute_code} ({one.attribute_code})")
            for one in self._attributes.lines
        )
        groups = tuple((str(group.id), self._title(group, say["other_tax"])) for group in self._others(ours))
        replaceable = tuple(str(number) for number in self._chosen.replaceable)
        found = (
            _choice(MARKS, say, marks if lines else marks[1:2], (self._chosen.marks,)),
            _choice(ATTRIBUTE, say, lines, (self._chosen.attribute or OURS,)),
            _choice(REPLACEABLE, say, groups, replaceable, many=True),
        )
        return tuple(one for one in found if one.options)

    def with_values(self, key: str, values: tuple[str, ...]) -> Chosen:
        """Return what is chosen once this is; raise Refused where it is none of the options."""
        choice = next((one for one in self.all("en") if one.key == key), None)
        if choice is None:
            raise Refused(_NOTHING_TO_CHOOSE)
        if not {value for value, _ in choice.options} >= set(values) or (
            not choice.many and len(values) != 1
        ):
            raise Refused("Choose one of what is offered.")
        if key == REPLACEABLE:
            return msgspec.structs.replace(self._chosen, replaceable=tuple(sorted(map(int, set(values)))))
        return self._elsewhere(key, values[0])

    def _elsewhere(self, key: str, value: str) -> Chosen:
        old = self._chosen
        new = msgspec.convert(msgspec.to_builtins(old) | {key: value}, Chosen)
        if old.marks == "group":
            return new
        was, becomes = old.attribute or OURS, "" if new.marks == "group" else new.attribute or OURS
        left = dict.fromkeys((*old.left, was))
        return msgspec.structs.replace(new, left=tuple(code for code in left if code != becomes))

    def _others(self, ours: tuple[str, ...]) -> list[Group]:
        fixed = (0, self._groups.default)
        others = [group for group in self._groups.all() if group.id not in fixed]
        # One that was ticked once stays on the list until it is taken back: a form without it would untick it unseen.
        return [one for one in others if one.code not in ours or one.id in self._chosen.replaceable]

    def _title(self, group: Group, other_tax: str) -> str:
        usual = next((one for one in self._groups.all() if one.id == self._groups.default), group)
        if group.tax_class_id == usual.tax_class_id:
            return group.code
        return f"{group.code} ({other_tax.format(name=group.tax_class_name or group.tax_class_id)})"


def _choice(
    key: str,
    say: dict[str, str],
    options: tuple[tuple[str, str], ...],
    chosen: tuple[str, ...],
    many: bool = False,
) -> Choice:
    offered = {value for value, _ in options}
    standing = tuple(value for value in chosen if value in offered)
    return Choice(key, say[f"{key}_title"], say[f"{key}_hint"], many, options, standing)
