"""The dead-man watch 值守监控: outside workers and sweep, it alarms when warnings stop moving, or a case has nobody.

Collect facts (I/O) → judge (pure) → alarms → notify (I/O).
"""
