// An API that checks authd's access tokens itself. Written from Microsoft's documentation; the tests do not run it.
//
//   dotnet new web && dotnet add package Microsoft.AspNetCore.Authentication.JwtBearer
//   AUTHD_URL=https://auth.example.com AUDIENCE=https://api.example.com dotnet run
using System.Security.Claims;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.IdentityModel.Tokens;

var builder = WebApplication.CreateBuilder(args);
var issuer = builder.Configuration["AUTHD_URL"] ?? "http://localhost:3000";

builder.Services.AddAuthentication(JwtBearerDefaults.AuthenticationScheme).AddJwtBearer(options =>
{
    // Names the keys. They are read every 5 minutes and for an unknown key, and stay while authd is away.
    options.MetadataAddress = issuer + "/.well-known/oauth-authorization-server";
    options.AutomaticRefreshInterval = TimeSpan.FromMinutes(5);
    options.RefreshInterval = TimeSpan.FromSeconds(10);
    options.RequireHttpsMetadata = issuer.StartsWith("https:");
    // Otherwise "sub" gets another name.
    options.MapInboundClaims = false;
    options.TokenValidationParameters = new TokenValidationParameters
    {
        ValidIssuer = issuer,
        ValidAudience = builder.Configuration["AUDIENCE"] ?? issuer,
        ValidAlgorithms = ["ES256"],
        ValidTypes = ["at+jwt"],
        ClockSkew = TimeSpan.FromSeconds(5), // The default is 5 minutes.
    };
});
builder.Services.AddAuthorization();

var app = builder.Build();
app.UseAuthentication();
app.UseAuthorization();
// Without a valid token, the answer is 401 with WWW-Authenticate.
app.MapGet("/", (ClaimsPrincipal user) => new { hello = user.FindFirstValue("sub") }).RequireAuthorization();
app.Run();
