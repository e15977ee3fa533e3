"""One line for each part, and what was wrong with it."""

import math
import sys


class Report:
    def __init__(self):
        self.violations = 0

    def part(self, name, text, *wrong):
        """The outcome of a part; `wrong` says what must not be, or is empty"""
        wrong = [problem for problem in wrong if problem]
        self.violations += len(wrong)
        print(f"{name:<26} {text}: {'; '.join(wrong) or 'ok'}", flush=True)

    def skipped(self, name, why, is_required):
        self.violations += is_required
        print(f"{name:<26} {'FAILED' if is_required else 'SKIPPED'}: {why}", file=sys.stderr, flush=True)


def not_zero(count, what):
    return count and f"{count} {what}"


def wrong_refreshes(count, seconds, life):
    """What is wrong with so many refreshes in that time, if anything

    A token is renewed when a sixth of its life is left, and at least a second. It ends on a whole second, so that the
    first may live up to a second less.
    """
    margin = max(life / 6, 1)
    least, most = math.floor(seconds / life), math.ceil(seconds / (life - margin)) + 1
    return not least <= count <= most and f"{count} refreshes, not {least} to {most}"
