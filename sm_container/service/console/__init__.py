"""The pages for people, at the service's own address: jobs, algorithms, and a form for new jobs."""
