"""What an author holds in hand: Algorithm, Job, main()."""
