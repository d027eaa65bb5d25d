// At the first start only: the service's user, which may read and write its own database and no other.
db.createUser({
  user: 'pool_manager',
  pwd: process.env.MONGO_PASSWORD,
  roles: [{ role: 'readWrite', db: db.getName() }],
});
