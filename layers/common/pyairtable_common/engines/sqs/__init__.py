"""Work queues on SQS."""
