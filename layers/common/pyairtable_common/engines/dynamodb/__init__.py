"""The three tables on DynamoDB, through PynamoDB."""
