"""The `fields=` filter: which parts of an answer are wanted, spelled `items[entity_id,payment[method]],total_count`."""

Wanted = dict[str, "Wanted | None"]


def parse(text: str) -> Wanted:
    """Read the spelling; a name without brackets wants all that is under it."""
    wanted: Wanted = {}
    stack: list[Wanted] = [wanted]
    name = ""
    for sign in text + ",":
        if sign == "[":
            inner: Wanted = {}
            stack[-1][name.strip()] = inner
            stack.append(inner)
            name = ""
        elif sign in ",]":
            if name.strip():
                stack[-1].setdefault(name.strip(), None)
            name = ""
            if sign == "]" and len(stack) > 1:
                stack.pop()
        else:
            name += sign
    return wanted


def only(body: object, wanted: Wanted) -> object:
    """Keep what is wanted of an answer. A list at the top keeps nothing, and an empty list below becomes null."""
    if isinstance(body, dict):
        return {key: _part(value, wanted[key]) for key, value in body.items() if key in wanted}
    return [] if isinstance(body, list) else body


def _part(value: object, wanted: Wanted | None) -> object:
    if isinstance(value, list):
        return [_part(item, wanted) for item in value] or None
    if isinstance(value, dict) and wanted is not None:
        # PHP knows one kind of array: one that nothing is left in is written as a list.
        return {key: _part(inner, wanted[key]) for key, inner in value.items() if key in wanted} or []
    return value
