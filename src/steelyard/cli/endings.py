"""How does a command end? 0: done, or it holds."""

NO = 1  # the answer is no
WRONG_USE = 2
NOT_JUDGED = 3
