"""The dead-man watch 看门: outside workers and sweep, it alarms when warnings stop moving, or a case has nobody.

Collect facts (I/O) → judge (pure) → alarms → notify (I/O).
"""
