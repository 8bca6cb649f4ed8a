"""`python -m runwell` and the `runwell` command."""

from runwell.cli import main

if __name__ == "__main__":
    main()
