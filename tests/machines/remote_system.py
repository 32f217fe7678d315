"""Does in a machine, as the core's own system, what is asked of it on standard input.

A line of JSON holds the name of a method and its arguments; the answer is one as well, with
``result`` or, for an OSError, with ``errno`` and ``words``.
"""

import dataclasses
import json
import sys

from wizard.platform.system import FileState, RealSystem

system = RealSystem()
for line in sys.stdin:
    name, arguments = json.loads(line)
    given = [FileState(**each) if isinstance(each, dict) else each for each in arguments]
    answer: dict[str, object]
    try:
        result = getattr(system, name)(*given)
        whole = dataclasses.is_dataclass(result) and not isinstance(result, type)
        answer = {"result": dataclasses.asdict(result) if whole else result}
    except OSError as error:
        answer = {"errno": error.errno, "words": str(error)}
    print(json.dumps(answer), flush=True)
