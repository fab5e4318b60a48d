"""``python -m demos.race``: the race."""

from demos.race.race import main

if __name__ == "__main__":
    main()
