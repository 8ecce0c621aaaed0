"""The dead-man watch 看门: outside workers and sweep, it says when warnings stop moving, or nobody has them.

Look (I/O) → facts → judge (pure) → alarms → tell (I/O).
"""
