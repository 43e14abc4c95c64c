"""`python -m journeyfold`: the same as the `journeyfold` command."""

from journeyfold.cli.main import main

if __name__ == "__main__":
    main()
