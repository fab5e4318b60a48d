"""Says which other distribution is in the way before anything of `autograd`, perhaps another one, is imported."""

try:
    from chainrule_command import refuse
except ImportError:  # not installed, but used from its folder, where nothing else can be
    pass
else:
    refuse()
