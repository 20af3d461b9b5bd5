"""The one path of every act: compose, judge, approve, sign, record, deliver, receipt, answer.

Kinds of acts are registered by the systems above; this app knows none of them, and no wire but the act.
"""
