"""What the benchmarks push."""

import json
from datetime import datetime


def instruction(number: int, at: datetime, *, urgency: str = "medium") -> bytes:
    """An invented instruction, SMS only; prefix 154 is assigned to nobody."""
    return json.dumps(
        {
            "op": "create",
            "instruction_id": f"BENCH-{number:07d}",
            "version": 1,
            "source": {"system": "bench"},
            "issued_at": at.isoformat(),
            "urgency": urgency,
            "fraud_type": "F01",
            "channels": ["sms"],
            "victim": {
                "name": f"样本{number}",
                "id_type": "居民身份证",
                "id_number": f"990101{number:012d}",
                "phones": [{"number": f"154{number:08d}"}],
            },
        },
        ensure_ascii=False,
    ).encode()
