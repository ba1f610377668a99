"""How an answer is called, compared, judged and stopped. Nothing here knows a lesson."""
