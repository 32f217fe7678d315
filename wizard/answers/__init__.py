"""What the person wants: the answers, their checks and what is proposed."""
