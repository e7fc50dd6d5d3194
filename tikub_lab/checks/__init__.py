"""What comes back: kits, notebooks, pages and builds measured by the jury's criteria, all but relevance.

:mod:`~tikub_lab.checks.intake` opens what was sent, :mod:`~tikub_lab.checks.registry` names the checks,
:mod:`~tikub_lab.checks.walls` keeps what runs from everything else. Nothing that was sent is imported here.
"""
