"""Is my answer right, and if not, what did I probably do?"""

from helpers.exercises.judge import EXERCISES, check, solved, verdict  # noqa: F401
